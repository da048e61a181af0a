"""Put into words how what was fitted differs from what is asked for. Knows values, no meaning."""

import re
from collections.abc import Mapping

_FINGERPRINT = re.compile(r"[0-9a-f]{64}")


def shorten(name: str) -> str:
    """A name as it is; of a fingerprint the digits that end the name of what it is of."""
    return name[:8] if _FINGERPRINT.fullmatch(name) else name


def name_differences(fitted: Mapping[str, object], asked: Mapping[str, object]) -> list[str]:
    """Such as `hops 2, found 3`, of each thing that was fitted with another value than is asked.

    Hashes tell a person nothing: of these, and of lists of them, only the name.
    """
    words: list[str] = []
    for name, value in fitted.items():
        found = asked.get(name)
        if found == value:
            continue
        if isinstance(value, dict) and isinstance(found, dict):
            words += name_differences(dict.fromkeys(found) | value, found)
        elif _is_hash(value) or _is_hash(found):
            words.append(f"other {name}")
        else:
            words.append(f"{name} {_word(value)}, found {_word(found)}")
            words[-1] += _other_end(name, value, found)
    return words


def _word(value: object) -> str:
    return "none" if value is None else repr(value)


def _is_hash(value: object) -> bool:
    values = value if isinstance(value, list) else [value]
    return any(isinstance(each, str) and _FINGERPRINT.fullmatch(each) for each in values)


def _other_end(name: str, fitted: object, asked: object) -> str:
    """The same layers may be counted from the other end; how many there are is not known here."""
    if name != "layers" or not (isinstance(fitted, list) and isinstance(asked, list)):
        return ""
    steps = {abs(a - b) for a, b in zip(fitted, asked, strict=False) if (a < 0) != (b < 0)}
    if len(fitted) != len(asked) or len(steps) != 1:
        return ""
    return f" (the same in an encoder of {steps.pop() - 1} layers? Count from the same end)"
