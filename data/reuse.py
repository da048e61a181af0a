"""Vectors that exist already: found by text hash in the newest catalog, read from their parts.

Knows the catalog's tables and parts, and those of chunks that an unfinished run has hidden. A lost
catalog loses speed, never rows.
"""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

import duckdb
import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from data.catalog import newest_catalog
from data.parts import DamagedPart, read_part_rows, vectors_of
from data.sql import bounded_memory, quote_text, read_parts
from data.store import OpenStore
from data.superseded import superseded_parts

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
_PLACES = {"text_hash": pl.Binary, "part": pl.UInt32, "row": pl.Int64}


@dataclass(frozen=True, slots=True)
class StoredVectors:
    """What a space holds for some texts: [n, dimension] vectors and what is kept beside them.

    `n_tokens` and `n_unknown` are -1 where they were never counted.
    """

    n_tokens: np.ndarray
    n_unknown: np.ndarray
    truncated: np.ndarray
    n_windows: np.ndarray
    vectors: np.ndarray


class Reuse:
    """Where the vectors of known texts are, for the spaces of one task."""

    def __init__(
        self, store: OpenStore, parts: Sequence[str], places: dict[str, pl.DataFrame]
    ) -> None:
        """Take for each space a frame of text_hash, part (its place in `parts`) and row."""
        self._store = store
        self._parts = parts
        self._places = places

    def locate(self, dataset: str, hashes: pa.FixedSizeBinaryArray) -> pl.DataFrame:
        """Part and row for each hash, in the same order; null where the space lacks the text."""
        wanted = pl.DataFrame({"text_hash": pl.Series(hashes.cast(pa.binary()), dtype=pl.Binary)})
        known = self._places.get(dataset, pl.DataFrame(schema=_PLACES))
        found = wanted.join(known, on="text_hash", how="left", maintain_order="left")
        return found.select("part", "row")

    def read(self, places: pl.DataFrame, dimension: int) -> StoredVectors:
        """The vectors at these places, in the same order; each part is opened once.

        Raises:
            DamagedPart: one of the parts cannot be used. It is forgotten: who locates the texts
                again finds them missing.
        """
        order = places.with_row_index("position").sort("part", "row")
        tables = [
            self._read_part(int(number), frame["row"].to_numpy())
            for (number,), frame in order.group_by("part", maintain_order=True)
        ]
        table = pa.concat_tables(tables)
        back = np.argsort(order["position"].to_numpy())
        return StoredVectors(
            n_tokens=table["n_tokens"].fill_null(-1).to_numpy()[back],
            n_unknown=table["n_unknown"].fill_null(-1).to_numpy()[back],
            truncated=table["truncated"].to_numpy()[back],
            n_windows=table["n_windows"].to_numpy()[back],
            vectors=vectors_of(table["vector"], dimension)[back],
        )

    def _read_part(self, number: int, rows: np.ndarray) -> pa.Table:
        """The part's rows as often and in the order as asked, which is ascending."""
        try:
            table = read_part_rows(self._store, self._parts[number], rows.tolist())
        except DamagedPart as error:
            _log.warning("texts are encoded that are stored already: %s", error)
            self._places = {
                dataset: places.filter(pl.col("part") != number)
                for dataset, places in self._places.items()
            }
            raise
        return table.take(pa.array(np.searchsorted(table["row"].to_numpy(), rows)))


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
        {name: places.filter(dataset=name).select(list(_PLACES)) for name in datasets},
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
