"""Vectors that exist already: found by text hash in the newest catalog, read from their parts.

Knows the catalog's tables and parts. A lost catalog loses speed, never rows.
"""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

import duckdb
import numpy as np
import polars as pl
import pyarrow as pa

from data.catalog import newest_catalog
from data.local_store import LocalStore
from data.parts import read_part_rows, vectors_of

_log = logging.getLogger(__name__)

_FIND = """
    SELECT chunks.dataset, wanted.text_hash,
        min({'part': chunks.part, 'row': documents.row}) AS place
    FROM wanted
    JOIN documents USING (text_hash)
    JOIN chunks ON chunks.chunk = documents.chunk AND chunks.corpus = documents.corpus
    ANTI JOIN rejects ON rejects.corpus = documents.corpus AND rejects.space = chunks.space
        AND rejects.chunk = documents.chunk AND rejects.row = documents.row
    WHERE chunks.dataset IN (SELECT unnest($datasets)) AND chunks.part IS NOT NULL
    GROUP BY ALL
"""


@dataclass(frozen=True, slots=True)
class StoredVectors:
    """What a space holds for some texts: [n, dimension] vectors and what is kept beside them.

    `n_tokens` is -1 where it was never counted.
    """

    n_tokens: np.ndarray
    truncated: np.ndarray
    vectors: np.ndarray


class Reuse:
    """Where the vectors of known texts are, for the spaces of one task."""

    def __init__(self, store: LocalStore, places: dict[str, pl.DataFrame]) -> None:
        """Take a frame of text_hash, part and row for each space."""
        self._store = store
        self._places = places

    def locate(self, dataset: str, hashes: pa.FixedSizeBinaryArray) -> pl.DataFrame:
        """Part and row for each hash, in the same order; null where the space lacks the text."""
        wanted = pl.DataFrame({"text_hash": pl.Series(hashes.cast(pa.binary()), dtype=pl.Binary)})
        if dataset not in self._places:
            nowhere = {"part": pl.lit(None, pl.String), "row": pl.lit(None, pl.Int64)}
            return wanted.with_columns(**nowhere).select("part", "row")
        found = wanted.join(
            self._places[dataset], on="text_hash", how="left", maintain_order="left"
        )
        return found.select("part", "row")

    def read(self, places: pl.DataFrame, dimension: int) -> StoredVectors:
        """The vectors at these places, in the same order; each part is opened once."""
        order = places.with_row_index("position").sort("part", "row")
        tables = [
            _take(read_part_rows(self._store, str(part), rows.to_list()), rows)
            for (part,), rows in (
                (key, frame["row"]) for key, frame in order.group_by("part", maintain_order=True)
            )
        ]
        table = pa.concat_tables(tables)
        back = np.argsort(order["position"].to_numpy())
        tokens = table["n_tokens"].fill_null(-1).to_numpy()
        return StoredVectors(
            n_tokens=tokens[back],
            truncated=table["truncated"].to_numpy()[back],
            vectors=vectors_of(table["vector"], dimension)[back],
        )


def find_reuse(
    store: LocalStore, datasets: Sequence[str], hashes: Iterable[pa.FixedSizeBinaryArray]
) -> Reuse:
    """Look the hashes up in the newest catalog, in one scan; without a catalog nothing is found.

    The hashes are read only if there is a catalog. One that cannot be read costs time, not rows: it
    is said so, and publishing builds it anew.
    """
    catalog = newest_catalog(store)
    arrays = list(hashes) if catalog is not None else []
    if catalog is None or not arrays:
        return Reuse(store, {})
    wanted = pa.table({"text_hash": pa.concat_arrays(arrays).unique().cast(pa.binary())})
    try:
        with duckdb.connect(str(catalog), read_only=True) as connection:
            connection.register("wanted", wanted)
            found = connection.sql(_FIND, params={"datasets": list(datasets)}).to_arrow_table()
    except duckdb.Error as error:
        _log.warning("nothing is reused: the catalog %s cannot be read (%s)", catalog, error)
        return Reuse(store, {})
    frame = pl.DataFrame(found).unnest("place")
    return Reuse(store, {name: _existing(store, name, frame) for name in datasets})


def _existing(store: LocalStore, dataset: str, frame: pl.DataFrame) -> pl.DataFrame:
    """Places of one space whose part is still there; garbage collection may be ahead."""
    names = set(store.list(f"datasets/{dataset}/parts"))
    places = frame.filter(pl.col("dataset") == dataset)
    there = [PurePosixPath(part).name in names for part in places["part"]]
    return places.filter(pl.Series(there, dtype=pl.Boolean)).select("text_hash", "part", "row")


def _take(table: pa.Table, rows: pl.Series) -> pa.Table:
    """The part's rows as often and in the order as asked."""
    position = np.searchsorted(table["row"].to_numpy(), rows.to_numpy())
    taken = table.take(pa.array(position))
    assert (taken["row"].to_numpy() == rows.to_numpy()).all(), "a row is not in its part"
    return taken
