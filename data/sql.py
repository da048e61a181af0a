"""What DuckDB is told: SQL where a value cannot be bound, and how much memory it may take.

Knows quoting, Parquet parts, and where a store's DuckDB spills to. Knows no tables.
"""

import shutil
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import fsspec

from data.stores.s3_filesystem import PartFiles, s3_filesystem
from data.stores.store import DiskFull, OpenStore, StoreError

# DuckDB limits what it spills to the space that is left, so it meets its limit first.
_FULL_DISK = ("max_temp_directory_size", "No space left on device")
# What DuckDB calls a file that turns out damaged while it is read; a wrong query is none of these.
DAMAGES = (
    *(duckdb.IOException, duckdb.SerializationException),
    *(duckdb.FatalException, duckdb.InternalException),
)

_IS_OVER_S3 = "SELECT 1 FROM duckdb_views() WHERE contains(sql, '''s3://') LIMIT 1"


@contextmanager
def bounded_memory(store: OpenStore, limit: str) -> Iterator[duckdb.DuckDBPyConnection]:
    """A database in memory that spills into a folder of its own beside the catalogs.

    Its own, since two databases that spill into one folder would mix their files. There, since who
    publishes removes what a killed process left.

    Raises:
        DiskFull: what is spilled does not fit on the store's disk.
    """
    spill = store.workspace / "catalog" / f"{uuid.uuid4().hex}.spill"
    spill.parent.mkdir(parents=True, exist_ok=True)
    config: dict[str, str | bool | int | float | list[str]] = {
        "memory_limit": limit,
        "temp_directory": str(spill),
    }
    try:
        with duckdb.connect(config=config) as connection:
            if store.filesystem is not None:
                _read_s3(connection, store.filesystem)
            yield connection
    except duckdb.Error as error:
        if any(words in str(error) for words in _FULL_DISK):
            raise DiskFull(
                f"the disk of {spill}, where DuckDB puts what exceeds {limit}, is full. Free some "
                "space and run the same command again: what is committed stays."
            ) from error
        raise
    finally:
        shutil.rmtree(spill, ignore_errors=True)


@contextmanager
def open_catalog(catalog: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """A published catalog to read from.

    Raises:
        StoreError: it is gone, damaged or of a newer DuckDB, or another process writes to it.
    """
    connection = None
    try:
        connection = duckdb.connect(str(catalog), read_only=True)
        with connection:
            if connection.execute(_IS_OVER_S3).fetchall():
                _read_s3(connection, s3_filesystem())
            yield connection
    except duckdb.Error as error:
        if connection is not None and not isinstance(error, DAMAGES):
            raise
        raise StoreError(
            f"the catalog {catalog} cannot be read ({str(error).splitlines()[0]}). Close the "
            "program that holds it, if one is named; else build it anew: "
            "python -m flows.publish STORE"
        ) from error


def _read_s3(connection: duckdb.DuckDBPyConnection, filesystem: fsspec.AbstractFileSystem) -> None:
    """Let DuckDB read s3:// paths through Python, in one thread.

    Of several, one may wait for Python's lock while the lock's holder waits for it: a run hung now
    and then, as in github.com/duckdb/duckdb/issues/16501 and pull/13768.
    """
    connection.execute("SET threads = 1")
    connection.register_filesystem(PartFiles(filesystem))


def quote_name(name: str) -> str:
    """A name as SQL takes it, whatever it holds."""
    return '"' + name.replace('"', '""') + '"'


def quote_text(text: str) -> str:
    """A text literal."""
    return "'" + text.replace("'", "''") + "'"


def quote_list(texts: Iterable[str]) -> str:
    """A list literal of texts."""
    return "[" + ", ".join(quote_text(text) for text in texts) + "]"


def read_parts(paths: Iterable[str]) -> str:
    """A FROM clause over parts of one schema; a `key=value` folder on their way is no column."""
    return f"read_parquet({quote_list(paths)}, hive_partitioning = false)"


def read_parts_by_name(paths: Iterable[str]) -> str:
    """The same over parts whose columns differ: one that a part lacks is null there."""
    return f"read_parquet({quote_list(paths)}, union_by_name = true, hive_partitioning = false)"
