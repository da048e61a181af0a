"""Known vulnerabilities of the pinned packages, asked of osv.dev: `python -m tests.audit`.

Knows constraints.txt and one request. Sends names and versions of packages, nothing else.
"""

import argparse
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import Request, urlopen

PINS = Path(__file__).parents[1] / "constraints.txt"
OSV = "https://api.osv.dev/v1/querybatch"
PATIENCE_S = 5.0


def main() -> None:
    """Say what is known in a word, or each of them and exit with 1."""
    parser = argparse.ArgumentParser(prog="python -m tests.audit", description=__doc__)
    parser.add_argument("--brief", action="store_true", help="one line, and never an error")
    is_brief = parser.parse_args().brief
    try:
        found = known_vulnerabilities(pins(PINS.read_text()), OSV)
    except OSError as error:
        sys.stdout.write(f"Dependency audit skipped: {_place(OSV)} cannot be asked ({error}).\n")
        raise SystemExit(0 if is_brief else 2) from None
    sys.stdout.write(in_a_word(found) if is_brief else one_by_one(found))
    raise SystemExit(1 if found and not is_brief else 0)


def pins(constraints: str) -> dict[str, str]:
    """The version of each package; what follows a + is where it was built."""
    lines = (line.partition("#")[0].strip() for line in constraints.splitlines())
    pairs = (line.split("==") for line in lines if line)
    return {name: version.partition("+")[0] for name, version in pairs}


def known_vulnerabilities(pinned: Mapping[str, str], url: str) -> dict[str, list[str]]:
    """Names of what is known, by package and version.

    Raises:
        OSError: nobody answers, or not as OSV does.
    """
    queries = [
        {"package": {"name": name, "ecosystem": "PyPI"}, "version": version}
        for name, version in pinned.items()
    ]
    body = json.dumps({"queries": queries}).encode()
    request = Request(url, data=body, headers={"content-type": "application/json"})
    with urlopen(request, timeout=PATIENCE_S) as response:
        results = _results(response.read(), len(queries))
    return {
        f"{name} {version}": [str(each["id"]) for each in result["vulns"]]
        for (name, version), result in zip(pinned.items(), results, strict=True)
        if result.get("vulns")
    }


def _results(answer: bytes, count: int) -> list[dict[str, Any]]:
    try:
        results: list[dict[str, Any]] = json.loads(answer)["results"]
    except (ValueError, KeyError, TypeError) as error:
        raise URLError("its answer is not OSV's") from error
    if len(results) != count:
        raise URLError(f"it answered {len(results)} of {count} questions")
    return results


def in_a_word(found: Mapping[str, list[str]]) -> str:
    """One line."""
    if not found:
        return "Dependency audit: nothing known against the pinned packages.\n"
    return f"Dependency audit: something is known against {', '.join(found)}; see make audit.\n"


def one_by_one(found: Mapping[str, list[str]]) -> str:
    """A line for each package, with where to read on."""
    if not found:
        return in_a_word(found)
    links = {
        package: " ".join(f"https://osv.dev/{name}" for name in names)
        for package, names in found.items()
    }
    return "".join(f"{package}: {where}\n" for package, where in links.items())


def _place(url: str) -> str:
    return url.split("/")[2]


if __name__ == "__main__":
    main()
