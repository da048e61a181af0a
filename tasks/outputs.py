"""What a chunk writes: the documents' part and one part per space, with their rejects.

Knows how rows become parts and records, and verifies every vector before it is written. Does not
commit: tasks/step.py does.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pyarrow as pa

from data import (
    REJECTS,
    ChunkRows,
    ChunkStatistics,
    OpenStore,
    PartWriter,
    Record,
    describe_part,
    part_keys,
    space_schema,
    vector_array,
    vector_problems,
    write_part,
)
from tasks.assembly import Group, TextVectors
from tasks.job import SpaceJob

_KEY = ["chunk", "row", "doc_id", "text_hash"]


class SpaceOutput:
    """The open parts of one space for one chunk."""

    def __init__(self, space: SpaceJob, vectors: PartWriter, rejects: PartWriter) -> None:
        self.space = space
        self._schema = space_schema(space.dimension, space.pooling.precision)
        self._vectors, self._rejects = vectors, rejects

    def append(self, rows: ChunkRows, group: Group, number: int) -> None:
        """Write the group's good vectors, and its bad ones as rejects with their reason.

        `number` is the place of this space among those of the group.
        """
        texts, vectors = group.texts, group.texts.vectors[number]
        documents = rows.documents.slice(group.start, len(vectors)).select(_KEY)
        found = vector_problems(vectors)
        unseen = np.where(texts.bad[number] & (found == ""), "no_direction", found)
        reasons = np.where(texts.no_tokens, "no_tokens", unseen)
        good, bad = np.flatnonzero(reasons == ""), np.flatnonzero(reasons != "")
        kept = vectors if len(good) == len(vectors) else vectors[good]
        self._vectors.append(
            _space_table(documents.take(good), texts.take(good), kept, self._schema)
        )
        self._rejects.append(_rejects_table(documents.take(bad), reasons[bad]))

    @property
    def rejected(self) -> int:
        """Documents that this space refused."""
        return self._rejects.rows

    def record(
        self, store: OpenStore, rows: ChunkRows, attempt: str, made: ChunkStatistics
    ) -> Record:
        """The record of the parts, which are closed by now."""
        keys = part_keys(self.space.dataset, rows.chunk.name, attempt)
        return Record(
            dataset=self.space.dataset,
            chunk=rows.chunk.name,
            attempt=attempt,
            rows_in=rows.documents.num_rows,
            rows=self._vectors.rows,
            rejected=self._rejects.rows,
            texts_digest=rows.digest,
            part=describe_part(store, keys[0], self._vectors.rows),
            rejects=describe_part(store, keys[1], self._rejects.rows),
            dimension=self.space.dimension,
            statistics=made,
        )


@contextmanager
def open_space_output(
    store: OpenStore, space: SpaceJob, chunk: str, attempt: str
) -> Iterator[SpaceOutput]:
    """The parts of a space under names of this attempt; gone again if the block fails."""
    vectors, rejects = part_keys(space.dataset, chunk, attempt)
    schema = space_schema(space.dimension, space.pooling.precision)
    with (
        write_part(store, vectors, schema) as vector_part,
        write_part(store, rejects, REJECTS) as rejects_part,
    ):
        yield SpaceOutput(space, vector_part, rejects_part)


def write_documents(store: OpenStore, dataset: str, rows: ChunkRows, attempt: str) -> Record:
    """Write the documents and rejects of a chunk, and say what their record will say."""
    keys = part_keys(dataset, rows.chunk.name, attempt)
    for key, table in zip(keys, (rows.documents, rows.rejects), strict=True):
        if table.num_rows:
            with write_part(store, key, table.schema) as part:
                part.append(table)
    return Record(
        dataset=dataset,
        chunk=rows.chunk.name,
        attempt=attempt,
        rows_in=rows.chunk.rows,
        rows=rows.documents.num_rows,
        rejected=rows.rejects.num_rows,
        texts_digest=rows.digest,
        part=describe_part(store, keys[0], rows.documents.num_rows),
        rejects=describe_part(store, keys[1], rows.rejects.num_rows),
    )


def _space_table(
    documents: pa.Table, texts: TextVectors, vectors: np.ndarray, schema: pa.Schema
) -> pa.Table:
    columns = {name: documents[name] for name in _KEY} | {
        "n_tokens": _counted(texts.n_tokens),
        "n_unknown": _counted(texts.n_unknown),
        "truncated": pa.array(texts.truncated),
        "n_windows": pa.array(texts.n_windows),
        "vector": vector_array(vectors),
    }
    return pa.table(columns, schema=schema)


def _counted(numbers: np.ndarray) -> pa.Array:
    """Null where a number is -1: never counted."""
    return pa.array(numbers.astype(np.int32), mask=numbers < 0)


def _rejects_table(documents: pa.Table, reasons: np.ndarray) -> pa.Table:
    count = documents.num_rows
    columns = {name: documents[name] for name in _KEY} | {
        "stage": pa.repeat(pa.scalar("encode"), count),
        "reason": pa.array(reasons.tolist(), pa.string()),
        "detail": pa.nulls(count, pa.string()),
    }
    return pa.table(columns, schema=REJECTS)
