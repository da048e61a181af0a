"""What a sample of a corpus is: texts that were drawn, and what was seen on the way to them.

Knows rows as read. Does not know how they were chosen.
"""

from collections import Counter
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from data import REJECTS, Chunk, ChunkRows, new_attempt


@dataclass(frozen=True, slots=True)
class ChunkReading:
    """What reading one chunk showed.

    Attributes:
        rows: The chunk without its texts.
        places: How many places of the sample are in it.
        reasons: Its rejects by reason.
        seconds: Spent reading.
    """

    rows: ChunkRows
    places: int
    reasons: Counter[str]
    seconds: float

    @property
    def documents_a_row(self) -> float:
        """The share of its rows that have a text."""
        return len(self.rows.first) / self.rows.chunk.rows


@dataclass(frozen=True, slots=True)
class Share:
    """A part of the sample that is spread over the corpus by itself.

    Attributes:
        rows: Texts that need the model.
        texts_a_row: How many such texts there are for each row that is owed.
        reused_a_row: Likewise of texts that are stored already.
        documents_a_row: Likewise of documents; what is missing to 1 is rejected.
    """

    rows: ChunkRows
    texts_a_row: float
    reused_a_row: float
    documents_a_row: float


@dataclass(frozen=True, slots=True)
class Sample:
    """What was drawn, what was read for it, and what could not be read."""

    shares: tuple[Share, ...]
    readings: tuple[ChunkReading, ...]
    unread: tuple[str, ...]


def thin(rows: ChunkRows, count: int) -> ChunkRows:
    """So many of the rows, equally far apart, as a chunk of another name."""
    kept = pa.array(evenly(len(rows.first), count))
    return as_rows(rows.documents.take(kept), rows.texts.take(kept))


def evenly(size: int, count: int) -> np.ndarray:
    """At most so many of `size` positions, equally far apart."""
    return np.linspace(0, size - 1, min(count, size)).astype(np.int64)


def without_texts(rows: ChunkRows) -> ChunkRows:
    """What tells new texts from stored ones: a few bytes a row."""
    hashes, none = rows.documents.select(["text_hash"]), pa.array([], pa.large_string())
    return ChunkRows(rows.chunk, hashes, none, rows.first, REJECTS.empty_table(), "")


def as_rows(documents: pa.Table, texts: pa.LargeStringArray) -> ChunkRows:
    """These documents as a chunk that was read; its texts are taken as distinct."""
    count = documents.num_rows
    chunk = Chunk(
        name=f"sample-{new_attempt()}", path="sample", row_start=0, rows=count, read_bytes=0
    )
    return ChunkRows(chunk, documents, texts, np.arange(count), REJECTS.empty_table(), "")
