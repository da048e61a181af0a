"""Which vectors exist already: found in the newest catalog, and in chunks that it does not show.

Knows the catalog's tables, the chunks that an unfinished run has hidden, and those that a run has
only just committed. A lost catalog loses speed, never rows.
"""

import logging
from collections.abc import Iterable, Sequence
from itertools import takewhile
from pathlib import PurePosixPath

import duckdb
import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from data.catalog.publishing import newest_catalog
from data.records.datasets import committed_chunks, read_records
from data.reuse.known_vectors import LEARNT_ROWS, PLACES, Reuse
from data.reuse.superseded import superseded_parts
from data.sources.chunks import Chunk
from data.sources.plan import Plan
from data.sql import bounded_memory, quote_text, read_parts
from data.stores.store import OpenStore, Store

_log = logging.getLogger(__name__)
_MEMORY = "512MB"
_HASHES_A_LOOKUP = 500_000
_PARTS = """
    SELECT corpus, chunk, space, dataset, part FROM chunks
    WHERE dataset IN (SELECT unnest($datasets)) AND part IS NOT NULL
    ORDER BY dataset, part
"""
_FIND = """
    SELECT stored.dataset, wanted.text_hash,
        min({'part': stored.number, 'row': documents.row}) AS place
    FROM wanted
    JOIN documents USING (text_hash)
    JOIN stored ON stored.chunk = documents.chunk AND stored.corpus = documents.corpus
    ANTI JOIN rejects ON rejects.corpus = documents.corpus AND rejects.space = stored.space
        AND rejects.chunk = documents.chunk AND rejects.row = documents.row
    GROUP BY ALL
"""
_FIND_HIDDEN = """
    SELECT stored.dataset, kept.text_hash,
        min({{'part': stored.number, 'row': kept.row}}) AS place
    FROM {parts} kept
    JOIN wanted USING (text_hash)
    JOIN stored ON stored.path = kept.filename
    GROUP BY ALL
"""


def find_reuse(
    store: OpenStore, datasets: Sequence[str], hashes: Iterable[pa.FixedSizeBinaryArray]
) -> Reuse:
    """Look the hashes up in the newest catalog; without a catalog nothing is found.

    The hashes are read only if there is a catalog. One that cannot be read costs time, not rows: it
    is said so, and publishing builds it anew.
    """
    catalog = newest_catalog(store)
    arrays = [some for some in hashes if len(some)] if catalog is not None else []
    if catalog is None or not arrays:
        return Reuse(store, [], {})
    wanted = pa.concat_arrays(arrays).unique().cast(pa.binary())
    try:
        with bounded_memory(store, _MEMORY) as connection:
            connection.execute(f"ATTACH {quote_text(str(catalog))} AS catalog (READ_ONLY)")
            connection.execute("USE catalog")
            return _look_up(connection, store, datasets, wanted)
    except duckdb.Error as error:
        _log.warning(
            "nothing is reused: the catalog %s or a part cannot be read (%s)", catalog, error
        )
        return Reuse(store, [], {})


def _look_up(
    connection: duckdb.DuckDBPyConnection,
    store: OpenStore,
    datasets: Sequence[str],
    wanted: pa.BinaryArray,
) -> Reuse:
    """One scan of the documents for so many hashes at a time."""
    values = {"datasets": list(datasets)}
    shown = connection.execute(_PARTS, values).to_arrow_table()
    hidden = pa.Table.from_pylist(
        [{"dataset": name, "part": part} for name, part in superseded_parts(store, datasets)],
        shown.schema,
    )
    stored = _existing(store, pa.concat_tables([shown, hidden]))
    connection.register("stored", stored)
    queries = [_FIND]
    if hidden_paths := stored.filter(pc.is_null(stored["chunk"]))["path"].to_pylist():
        queries.append(_FIND_HIDDEN.format(parts=read_parts(hidden_paths)))
    frames = []
    for start in range(0, len(wanted), _HASHES_A_LOOKUP):
        some = wanted.slice(start, _HASHES_A_LOOKUP)
        connection.register("wanted", pa.table({"text_hash": some}))
        for query in queries:
            found = pl.DataFrame(connection.execute(query).to_arrow_table())
            frames.append(found.unnest("place").cast({"part": pl.UInt32}))
    places = pl.concat(frames).unique(["dataset", "text_hash"], keep="first", maintain_order=True)
    return Reuse(
        store,
        stored["part"].to_pylist(),
        {name: places.filter(dataset=name).select(list(PLACES)) for name in datasets},
    )


def _existing(store: OpenStore, parts: pa.Table) -> pa.Table:
    """The parts that are still there, numbered; garbage collection may be ahead."""
    folders = {str(PurePosixPath(part).parent) for part in parts["part"].to_pylist()}
    there = {f"{folder}/{name}" for folder in folders for name in store.list(folder)}
    parts = parts.filter(
        pa.array([part in there for part in parts["part"].to_pylist()], pa.bool_())
    )
    paths = [store.location(part) for part in parts["part"].to_pylist()]
    parts = parts.append_column("path", pa.array(paths, pa.string()))
    return parts.append_column("number", pa.array(np.arange(len(parts), dtype=np.uint32)))


def learn_recent(
    reuse: Reuse, store: OpenStore, plan: Plan, datasets: Sequence[str], first: Chunk
) -> None:
    """Let a task that begins at this chunk use what its run has committed just before it.

    No catalog shows these chunks yet. What was committed longer ago than so many rows is found
    after the run.
    """
    for dataset in datasets:
        names = _committed_before(store, plan, dataset, first, LEARNT_ROWS // len(datasets))
        reuse.learn(reversed(list(read_records(store, dataset, names))))


def _committed_before(
    store: Store, plan: Plan, dataset: str, first: Chunk, most_rows: int
) -> list[str]:
    """The committed chunks before this one in the plan, the nearest first, up to so many rows."""
    committed = committed_chunks(store, dataset)
    before = list(takewhile(lambda chunk: chunk.name != first.name, plan.chunks))
    there = [chunk for chunk in reversed(before) if chunk.name in committed]
    num_rows = np.cumsum([chunk.rows for chunk in there])
    return [chunk.name for chunk in there[: int((num_rows <= most_rows).sum())]]
