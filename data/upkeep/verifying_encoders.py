"""The fine-tuned encoders of a store against the names of their folders. Knows bytes, no models."""

import hashlib
import re
from collections.abc import Iterator
from typing import Any, cast

from data.stores.file_errors import is_damage
from data.stores.store import Store
from data.upkeep.damage import Damage, first_line

_WEIGHTS = "model.safetensors"
_NAMED_BY_WEIGHTS = re.compile(r".+-([0-9a-f]{8})")
_REMEDY = (
    "Restore it from a copy of the store; or remove the folder and train again with the same "
    "arguments."
)


def damaged_encoders(store: Store) -> Iterator[Damage]:
    """Folders whose weights are not those that they are named by.

    Not looked at: weights in several files, which are named by more than their bytes, and folders
    that somebody else put there.
    """
    for name in store.list("encoders"):
        named = _NAMED_BY_WEIGHTS.fullmatch(name)
        if named and f"{_WEIGHTS}.index.json" not in store.list(f"encoders/{name}"):
            found = _wrong_weights(store, f"encoders/{name}/{_WEIGHTS}", named[1])
            if found:
                yield Damage(f"encoders/{name}/{_WEIGHTS}", found, _REMEDY)


def _wrong_weights(store: Store, key: str, first_digits: str) -> str | None:
    try:
        with store.read(key) as file:
            digest = hashlib.file_digest(cast(Any, file), "sha256").hexdigest()
    except FileNotFoundError:
        return "it is gone"
    except OSError as error:
        if not is_damage(error):
            raise
        return f"it cannot be read ({first_line(error)})"
    is_right = digest.startswith(first_digits)
    return None if is_right else "its bytes are not those that were written"
