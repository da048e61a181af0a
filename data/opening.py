"""The door to a store: its file system is tried, and its format checked, before anything else.

Knows what a store needs of a file system, and store.json.
"""

import uuid
from pathlib import Path

from pydantic import BaseModel

from data.dry_store import DryStore
from data.lineage import canonical_json
from data.local_store import LocalStore
from data.store import STORE_JSON, StoreError, StoreNotWritable, StoreSpec, read_bytes

FORMAT_VERSION = 1


class StoreFormat(BaseModel):
    """What store.json says."""

    format: int


def open_store(spec: StoreSpec) -> LocalStore:
    """The store to write to, created when missing, after its file system has been tried.

    Raises:
        StoreNotWritable: the folder or its file system cannot do what committing needs.
        StoreError: the store was written by another format version.
    """
    store = LocalStore(Path(spec.path))
    _check_folder(store)
    _check_path(store)
    _probe(store)
    store.create(STORE_JSON, canonical_json({"format": FORMAT_VERSION}))
    _check_format(store)
    return store


def look_into_store(spec: StoreSpec) -> DryStore:
    """The store to plan in, which may not exist yet; nothing is created or tried there.

    Raises:
        StoreError: it cannot be a store, or one of another format version is there.
    """
    store = LocalStore(Path(spec.path))
    _check_folder(store)
    _check_path(store)
    if has_store(spec):
        _check_format(store)
    return DryStore(store)


def has_store(spec: StoreSpec) -> bool:
    """Whether there is a store already."""
    return Path(spec.path).joinpath(STORE_JSON).is_file()


def open_existing_store(path: str) -> LocalStore:
    """The store to read from.

    Raises:
        StoreError: there is no store there, or one of another format version.
    """
    store = LocalStore(Path(StoreSpec(path=path).path))
    if not has_store(StoreSpec(path=path)):
        raise StoreError(
            f"no Poolhouse store at {store.root}: it holds no store.json. Give the folder that "
            "embed-corpus was told as store.path."
        )
    _check_path(store)
    _check_format(store)
    return store


def _check_folder(store: LocalStore) -> None:
    if store.root.exists() and not store.root.is_dir():
        raise StoreNotWritable(f"the store {store.root} is a file. Give a folder in store.path.")


def _check_path(store: LocalStore) -> None:
    """Refuse what DuckDB does not take for a letter of a file's name."""
    found = next((letter for letter in "?*[" if letter in str(store.root)), None)
    if found:
        meaning = "options of a database follow" if found == "?" else "a pattern of names begins"
        raise StoreNotWritable(
            f"the store {store.root} has a {found!r} in its path, where DuckDB thinks that "
            f"{meaning}. Give a store.path without one."
        )


def _check_format(store: LocalStore) -> None:
    try:
        found = StoreFormat.model_validate_json(read_bytes(store, STORE_JSON)).format
    except ValueError as error:
        raise StoreError(
            f"{store.root}/store.json is not a Poolhouse store's: {error}. Give another store.path."
        ) from error
    if found != FORMAT_VERSION:
        raise StoreError(
            f"the store {store.root} has format {found}; this Poolhouse reads {FORMAT_VERSION}. "
            "Use the Poolhouse that wrote it, or give another store.path."
        )


def _probe(store: LocalStore) -> None:
    """Commit to a name of our own, twice: the second time must be refused."""
    key = f"probe/{uuid.uuid4().hex}"
    try:
        won, won_again = store.create(key, b"probe"), store.create(key, b"again")
        store.delete(key)
    except StoreError:
        raise
    except OSError as error:
        raise StoreNotWritable(
            f"the file system of {store.root} cannot commit safely ({error}): committing needs "
            "hard links and fsync. Give a store.path on a local disk."
        ) from error
    if not won or won_again:
        raise StoreNotWritable(
            f"the file system of {store.root} lets two writers create one file, so commits would "
            "overwrite each other. Give a store.path on a local disk."
        )
