"""The commit unit: a range of rows of one file, and how row groups are cut into such ranges.

Knows rows and bytes. Does not know other files, or what is committed.
"""

import math
from collections.abc import Iterator
from typing import NamedTuple

from pydantic import BaseModel, ConfigDict

from data.lineage import fingerprint
from data.sources.corpus import CorpusSpec
from data.sources.source_file import FileIdentity, SourceFile

_FROZEN = ConfigDict(frozen=True, extra="forbid")


class Chunk(BaseModel):
    """The commit unit: a range of rows of one file, read in one way."""

    model_config = _FROZEN

    name: str
    path: str
    row_start: int
    rows: int
    read_bytes: int

    @property
    def place(self) -> str:
        """File and rows, for a person."""
        return f"{self.path} rows {self.row_start}-{self.row_start + self.rows - 1}"


class ChunkIdentity(BaseModel):
    """What names a chunk: which rows of which file, and how they are read.

    The corpus is part of it: what one corpus has committed must not count for another, whose
    documents may be owed. Their vectors are shared all the same, by text.
    """

    model_config = _FROZEN

    corpus: str
    path: str
    file: FileIdentity
    row_start: int
    rows: int
    text_columns: tuple[str, ...]
    separator: str
    id_column: str | None
    carry_columns: tuple[str, ...]


class Span(NamedTuple):
    """Consecutive rows, and about how many bytes of them are read."""

    start: int
    rows: int
    read_bytes: int


def cut_spans(file: SourceFile, *, chunk_rows: int, chunk_bytes: int) -> Iterator[Span]:
    """Whole row groups while they fit; one that does not fit is cut into equal row ranges."""
    start, rows, size = 0, 0, 0
    for group in (group for group in file.row_groups if group.rows):
        if rows and (rows + group.rows > chunk_rows or size + group.read_bytes > chunk_bytes):
            yield Span(start, rows, size)
            start, rows, size = start + rows, 0, 0
        rows, size = rows + group.rows, size + group.read_bytes
        if rows > chunk_rows or size > chunk_bytes:
            yield from _cut_row_group(Span(start, rows, size), chunk_rows, chunk_bytes)
            start, rows, size = start + rows, 0, 0
    if rows:
        yield Span(start, rows, size)


def _cut_row_group(group: Span, chunk_rows: int, chunk_bytes: int) -> Iterator[Span]:
    pieces = max(math.ceil(group.rows / chunk_rows), math.ceil(group.read_bytes / chunk_bytes))
    size = math.ceil(group.rows / min(pieces, group.rows))
    for offset in range(0, group.rows, size):
        rows = min(size, group.rows - offset)
        yield Span(group.start + offset, rows, group.read_bytes * rows // group.rows)


def shorten(span: Span, rows: float) -> Span:
    """The first so many rows of a span."""
    if span.rows <= rows:
        return span
    return Span(span.start, int(rows), span.read_bytes * int(rows) // span.rows)


def make_chunk(file: SourceFile, span: Span, corpus: CorpusSpec) -> Chunk:
    """The chunk of these rows, named by what it is and how it is read."""
    identity = ChunkIdentity(
        corpus=corpus.name,
        path=file.path,
        file=file.identity,
        row_start=span.start,
        rows=span.rows,
        text_columns=corpus.text_columns,
        separator=corpus.separator,
        id_column=corpus.id_column,
        carry_columns=corpus.carry_columns,
    )
    return Chunk(
        name=fingerprint(identity)[:20],
        path=file.path,
        row_start=span.start,
        rows=span.rows,
        read_bytes=span.read_bytes,
    )
