"""Vectors that exist already, by text hash: where they are, read from their parts.

Knows parts. Which of them are asked is found by data/reuse/search.py; what a task commits is learnt
here as it goes.
"""

import logging
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from threading import Lock

import numpy as np
import polars as pl
import pyarrow as pa

from data.records.datasets import Record
from data.records.parts import DamagedPart, read_part_hashes, read_part_rows, vectors_of
from data.stores.store import OpenStore

_log = logging.getLogger(__name__)
LEARNT_ROWS = 500_000  # about 50 bytes each
PLACES = {"text_hash": pl.Binary, "part": pl.UInt32, "row": pl.Int64}


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
    """Where the vectors of known texts are, for the spaces of one task; its threads share it."""

    def __init__(
        self, store: OpenStore, parts: Sequence[str], places: dict[str, pl.DataFrame]
    ) -> None:
        """Take for each space a frame of text_hash, part (its place in `parts`) and row."""
        self._store = store
        self._parts = list(parts)
        self._places = places
        self._learnt: list[tuple[str, pl.DataFrame]] = []
        self._unread: deque[Record] = deque()
        self._turn = Lock()

    def learn(self, records: Iterable[Record]) -> None:
        """Add committed chunks, whose texts are read when somebody looks for one."""
        with self._turn:
            self._unread.extend(records)

    def _read_unread(self) -> None:
        """Know the texts of what was learnt; a damaged part is left out."""
        with self._turn:
            while self._unread:
                record = self._unread.popleft()
                if record.part is None or record.part.key in self._parts:
                    continue
                try:
                    table = read_part_hashes(self._store, record.part.key)
                except DamagedPart as error:
                    _log.warning("texts are encoded that are stored already: %s", error)
                    continue
                self._add(record.dataset, record.part.key, pl.DataFrame(table))

    def _add(self, dataset: str, part: str, places: pl.DataFrame) -> None:
        """The oldest make room for what would be more than `LEARNT_ROWS` over all spaces."""
        places = places.with_columns(part=pl.lit(len(self._parts), pl.UInt32))
        self._parts.append(part)
        learnt = [*self._learnt, (dataset, places.select(list(PLACES)))]
        while sum(len(some) for _, some in learnt) > LEARNT_ROWS:
            del learnt[0]
        self._learnt = learnt

    def locate(self, dataset: str, hashes: pa.FixedSizeBinaryArray) -> pl.DataFrame:
        """Part and row for each hash, in the same order; null where the space lacks the text."""
        self._read_unread()
        wanted = pl.DataFrame({"text_hash": pl.Series(hashes.cast(pa.binary()), dtype=pl.Binary)})
        learnt = [places for name, places in self._learnt if name == dataset]
        known = [places for name, places in self._places.items() if name == dataset]
        places = pl.concat([pl.DataFrame(schema=PLACES), *known, *learnt])
        places = places.join(wanted, on="text_hash", how="semi")
        places = places.unique("text_hash", keep="first", maintain_order=True)
        found = wanted.join(places, on="text_hash", how="left", maintain_order="left")
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
            is_other = pl.col("part") != number
            with self._turn:
                self._places = {name: some.filter(is_other) for name, some in self._places.items()}
                self._learnt = [(name, some.filter(is_other)) for name, some in self._learnt]
            raise
        return table.take(pa.array(np.searchsorted(table["row"].to_numpy(), rows)))
