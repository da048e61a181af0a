"""The door to a store: its file system is tried, and its format checked, before anything else.

Knows what a store needs of a file system, and store.json.
"""

import importlib
import uuid
from pathlib import Path
from typing import cast

from pydantic import BaseModel

from data.lineage import canonical_json
from data.stores.dry_store import DryStore
from data.stores.local_store import LocalStore
from data.stores.store import (
    STORE_JSON,
    OpenStore,
    StoreError,
    StoreNotWritable,
    StoreSpec,
    StoreUnreachable,
    read_bytes,
)

FORMAT_VERSION = 1
_ON_DISK = ("the file system of", "hard links and fsync")
_ON_S3 = ("the server of", "If-None-Match")


class StoreFormat(BaseModel):
    """What store.json says."""

    format: int


def open_store(spec: StoreSpec) -> OpenStore:
    """The store to write to, created when missing, after its file system has been tried.

    Raises:
        StoreNotWritable: the folder, its file system or the server cannot do what committing needs.
        StoreError: the store was written by another format version.
    """
    store = store_at(spec.path)
    _probe(store)
    store.create(STORE_JSON, canonical_json({"format": FORMAT_VERSION}))
    _check_format(store)
    return store


def look_into_store(spec: StoreSpec) -> DryStore:
    """The store to plan in, which may not exist yet; nothing is created or tried there.

    Raises:
        StoreError: it cannot be a store, or one of another format version is there.
    """
    store = store_at(spec.path)
    if _is_store(store):
        _check_format(store)
    return DryStore(store)


def has_store(spec: StoreSpec) -> bool:
    """Whether there is a store already."""
    return _is_store(store_at(spec.path))


def open_existing_store(path: str) -> OpenStore:
    """The store to read from.

    Raises:
        StoreError: there is no store there, or one of another format version.
    """
    store = store_at(StoreSpec(path=path).path)
    if not _is_store(store):
        raise StoreError(
            f"no Poolhouse store at {store.root}: it holds no store.json. Give the folder that "
            "embed-corpus was told as store.path."
        )
    _check_format(store)
    return store


def store_at(path: str) -> OpenStore:
    """The store of that path as it is, whether there is one or not.

    Raises:
        StoreNotWritable: there can be none.
    """
    store = _open_s3(path) if "://" in path else _open_folder(path)
    _check_path(store)
    return store


def _open_folder(path: str) -> LocalStore:
    store = LocalStore(Path(path))
    if store.root.exists() and not store.root.is_dir():
        raise StoreNotWritable(f"the store {store.root} is a file. Give a folder in store.path.")
    return store


def _open_s3(url: str) -> OpenStore:
    """Imported here, since it needs packages that only a store on S3 needs."""
    return cast(OpenStore, importlib.import_module("data.stores.s3_store").S3Store(url))


def _is_store(store: OpenStore) -> bool:
    try:
        read_bytes(store, STORE_JSON)
    except FileNotFoundError:
        return False
    return True


def _check_path(store: OpenStore) -> None:
    """Refuse what DuckDB does not take for a letter of a file's name."""
    found = next((letter for letter in "?*[" if letter in str(store.root)), None)
    if found:
        meaning = "options of a database follow" if found == "?" else "a pattern of names begins"
        raise StoreNotWritable(
            f"the store {store.root} has a {found!r} in its path, where DuckDB thinks that "
            f"{meaning}. Give a store.path without one."
        )


def _check_format(store: OpenStore) -> None:
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


def _probe(store: OpenStore) -> None:
    """Commit to a name of our own, twice: the second time must be refused."""
    place, needs = _ON_S3 if store.filesystem is not None else _ON_DISK
    key = f"probe/{uuid.uuid4().hex}"
    try:
        won, won_again = store.create(key, b"probe"), store.create(key, b"again")
        store.delete(key)
    except (StoreError, StoreUnreachable):
        raise
    except OSError as error:
        raise StoreNotWritable(
            f"{place} {store.root} cannot commit safely ({error}): committing needs "
            f"{needs}. Give a store.path on a local disk."
        ) from error
    if not won or won_again:
        raise StoreNotWritable(
            f"{place} {store.root} lets two writers create one file, so commits would "
            f"overwrite each other: it lacks {needs}. Give a store.path on a local disk."
        )
