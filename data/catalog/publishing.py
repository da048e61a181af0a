"""The DuckDB catalog: everything that a seal shows, as tables and views. Derived, never the truth.

Knows how a catalog is built beside the old one and swapped in. Its contents are known to tables.py.
"""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from data.catalog.catalog_files import (
    CATALOG,
    download_newest,
    new_path,
    order_of,
    remove_old_files,
    remove_old_uploads,
    upload_catalog,
)
from data.catalog.changes import insert_changes
from data.catalog.commenting import explain
from data.catalog.evaluation_tables import create_evaluation_tables
from data.catalog.label_changes import insert_label_changes
from data.catalog.label_tables import create_label_tables
from data.catalog.label_views import create_label_views
from data.catalog.tables import create_tables
from data.catalog.views import create_views
from data.catalog.vote_views import create_vote_views
from data.labels.evaluations import evaluated_labelers
from data.labels.labelers import list_labelers
from data.records.seals import Seal, newest_seal, read_seal
from data.sql import bounded_memory, quote_text
from data.stores.local_store import full_disk, sync
from data.stores.store import OpenStore, StoreError

_MEMORY = "768MB"

_BESIDE_THE_SEAL = """
    SELECT concat_ws(' ', 'run', run, started_at, ended_at) FROM runs
    UNION SELECT concat_ws(' ', 'reviews', number) FROM reviews
    UNION SELECT concat_ws(' ', 'test', version) FROM evaluations
"""


def newest_catalog(store: OpenStore) -> Path | None:
    """The catalog that catalog.duckdb points at; of a store that is elsewhere, a copy here."""
    if store.filesystem is not None:
        return download_newest(store)
    path = store.workspace / CATALOG
    return path.resolve() if path.exists() else None


def publish_catalog(store: OpenStore) -> Path:
    """Build the catalog of the newest seal and point catalog.duckdb at it; returns that link.

    Readers keep the file that they have open; the next one to open it sees the new one.

    Raises:
        StoreError: nothing is sealed yet.
    """
    while True:
        state = seal, _ = _state(store)
        if seal is None:
            raise StoreError(f"nothing is sealed in {store.root} yet. Run embed-corpus first.")
        path = _build(store, seal)
        if _state(store) != state and _shows_more(newest_catalog(store), path):
            path.unlink(missing_ok=True)  # a quicker publisher is ahead: build what there is now
            continue
        _swap(store, path)
        if _state(store) == state and path.exists():
            _remove_old(store)
            return store.workspace / CATALOG


def _state(store: OpenStore) -> tuple[Seal | None, list[list[str]]]:
    """What a catalog is made from: the newest seal, runs, reviews, and labelers' tests."""
    beside = [store.list("runs"), store.list("reviews"), evaluated_labelers(store)]
    return newest_seal(store), beside


def _shows_more(published: Path | None, path: Path) -> bool:
    """Whether the published catalog is of a higher seal, or has something that this one lacks."""
    if published is None:
        return False
    (seal, shown), (own_seal, own_shown) = _shown(published), _shown(path)
    return seal > own_seal or (seal == own_seal and not shown <= own_shown)


def _shown(catalog: Path) -> tuple[int, set[str]]:
    """The seal of a catalog and what it shows beside that; nothing if it cannot be read."""
    try:
        with duckdb.connect(str(catalog), read_only=True) as connection:
            shown = connection.execute(_BESIDE_THE_SEAL).fetchall()
    except duckdb.Error:
        return 0, set()
    return order_of(catalog.name)[0], {name for (name,) in shown}


def _build(store: OpenStore, seal: Seal) -> Path:
    """Write the catalog of a seal under a name of its own, whole or not at all.

    Storage version 1.5.0 is what both DuckDB 1.5 and 2.0 read.
    """
    path = new_path(store, seal.number)
    building = path.with_suffix(".building")
    with full_disk(store.workspace), _gone_on_failure(building):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            _fill(store, seal, building)
        except duckdb.Error as error:
            raise StoreError(
                f"the catalog of {store.root} cannot be built ({str(error).splitlines()[0]}). The "
                "one before stays. If a part is named, it is damaged: docs/operating.md says what "
                "to do."
            ) from error
        if _log_of(building).exists():
            raise StoreError(
                f"the catalog {path} still has a write-ahead log. Run flows.publish again."
            )
        sync(building)
        building.rename(path)
        sync(path.parent)
    return path


@contextmanager
def _gone_on_failure(path: Path) -> Iterator[None]:
    """What nobody will read must not fill a disk that is full already."""
    try:
        yield
    except BaseException:
        for each in (path, _log_of(path)):
            each.unlink(missing_ok=True)
        raise


def _log_of(database: Path) -> Path:
    """Where DuckDB keeps what it has not moved into the file yet."""
    return database.with_name(f"{database.name}.wal")


def _fill(store: OpenStore, seal: Seal, building: Path) -> None:
    with bounded_memory(store, _MEMORY) as connection:
        connection.execute(
            f"ATTACH {quote_text(str(building))} AS catalog (STORAGE_VERSION 'v1.5.0')"
        )
        connection.execute("USE catalog")
        labelers = list_labelers(store)
        create_tables(connection, store, seal, labelers)
        spaces = create_views(connection, store, seal)
        seals = [read_seal(store, number) for number in range(1, seal.number)] + [seal]
        insert_changes(connection, store, seals)
        create_label_tables(connection, store, seal, labelers)
        create_evaluation_tables(connection, store, seal, labelers)
        create_label_views(connection, store, seal, labelers)
        create_vote_views(connection, store)
        insert_label_changes(connection, store, seals, labelers)
        explain(connection, spaces)
        connection.execute("CHECKPOINT catalog")
        connection.execute("USE memory")
        connection.execute("DETACH catalog")


def _swap(store: OpenStore, path: Path) -> None:
    link = store.workspace / f".{CATALOG}.{uuid.uuid4().hex}"
    with full_disk(store.workspace), _gone_on_failure(link), _gone_on_failure(path):
        if store.filesystem is not None:
            upload_catalog(store, path)
        link.symlink_to(path.relative_to(store.workspace))
        link.replace(store.workspace / CATALOG)


def _remove_old(store: OpenStore) -> None:
    remove_old_files(store.workspace / "catalog", newest_catalog(store))
    if store.filesystem is not None:
        remove_old_uploads(store)
