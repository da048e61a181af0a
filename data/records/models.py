"""Fitted things in a store: counts of tokens, learned weights, ranges, under `models/`.

Knows names, bytes and hashes. Does not know what the tensors mean.
"""

import hashlib
import logging
import re
from collections.abc import Sequence

from pydantic import BaseModel, ConfigDict, JsonValue, ValidationError

from data.lineage import canonical_json, fingerprint, slug
from data.stores.store import Store, StoreError, read_bytes

_log = logging.getLogger(__name__)
_TENSORS, _ABOUT = "tensors.safetensors", "about.json"
_FINGERPRINT = re.compile(r"[0-9a-f]{64}")


class DamagedModel(StoreError):
    """A fitted thing whose files are not those that were saved."""


class ModelLineage(BaseModel):
    """What a fitted thing is: what `about.json` says, and the hash of its tensors."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    about: dict[str, JsonValue]
    tensors: str


class ModelDescription(BaseModel):
    """What is said of a fitted thing; its tensors were not looked at."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    fingerprint: str
    about: dict[str, JsonValue]


class StoredModel(ModelDescription):
    """A fitted thing, read and proved to be what was saved."""

    tensors: bytes


def save_model(store: Store, title: str, about: dict[str, JsonValue], tensors: bytes) -> str:
    """Keep tensors (a safetensors file) and what they are; returns the name to call them by.

    The same content has the same name under a title. Saving it again changes nothing, but mends
    files that were damaged.
    """
    lineage = ModelLineage(about=about, tensors=_hash(tensors))
    name = f"{slug(title)}-{fingerprint(lineage)[:8]}"
    _keep(store, f"models/{name}/{_TENSORS}", tensors)
    _keep(store, f"models/{name}/{_ABOUT}", canonical_json(lineage.model_dump(mode="json")))
    return name


def load_model(store: Store, name: str) -> StoredModel:
    """The fitted thing of that name or fingerprint.

    Raises:
        ValueError: there is none.
        DamagedModel: its files were changed.
    """
    known = [each for each in store.list("models") if _is_meant(each, name)]
    if not known:
        raise ValueError(_unknown(name, store.list("models")))
    for each in known:
        found = _read(store, each)
        if name in (found.name, found.fingerprint):
            return found
    raise DamagedModel(f"models/{known[0]} is not {name}: its files were changed. Fit it again.")


def describe_models(store: Store) -> list[ModelDescription]:
    """What is said of each fitted thing; one whose `about.json` is damaged is left out, in a log.

    Who needs its tensors loads it, and hears then what is wrong.
    """
    described = []
    for name in store.list("models"):
        try:
            lineage = _read_lineage(store, name)
        except DamagedModel as error:
            _log.warning("left out: %s", error)
        else:
            found = fingerprint(lineage)
            described.append(ModelDescription(name=name, fingerprint=found, about=lineage.about))
    return described


def _keep(store: Store, key: str, content: bytes) -> None:
    """Create the file; one of that name with other content is damaged, as the name has the hash."""
    if not store.create(key, content) and read_bytes(store, key) != content:
        store.delete(key)
        store.create(key, content)


def _unknown(name: str, known: Sequence[str]) -> str:
    said = f"the store has no model {name!r} under models/"
    if not known:
        return f"{said}: nothing has been fitted in this store. Fit it, or name another store."
    return f"{said}; found {list(known)}. Name one of these, or fit it."


def _is_meant(folder: str, name: str) -> bool:
    if _FINGERPRINT.fullmatch(name):
        return folder.endswith(f"-{name[:8]}")
    return folder == name


def _read(store: Store, name: str) -> StoredModel:
    lineage = _read_lineage(store, name)
    try:
        tensors = read_bytes(store, f"models/{name}/{_TENSORS}")
    except FileNotFoundError as error:
        raise _lacks_a_file(name, error) from error
    if _hash(tensors) != lineage.tensors:
        raise _changed(name)
    return StoredModel(
        name=name, fingerprint=fingerprint(lineage), about=lineage.about, tensors=tensors
    )


def _read_lineage(store: Store, name: str) -> ModelLineage:
    try:
        lineage = ModelLineage.model_validate_json(read_bytes(store, f"models/{name}/{_ABOUT}"))
    except FileNotFoundError as error:
        raise _lacks_a_file(name, error) from error
    except ValidationError as error:
        raise DamagedModel(f"models/{name}/{_ABOUT} is damaged. Fit it again.") from error
    if not name.endswith(f"-{fingerprint(lineage)[:8]}"):
        raise _changed(name)
    return lineage


def _lacks_a_file(name: str, error: FileNotFoundError) -> DamagedModel:
    return DamagedModel(f"models/{name} lacks a file: {error}. Fit it again.")


def _changed(name: str) -> DamagedModel:
    return DamagedModel(f"models/{name}: its files are not those that were saved. Fit it again.")


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
