"""Chunks committed by hand, through data's own doors: no model and no Prefect.

A vector is arithmetic: `vector_of` says which one a text has.
"""

import hashlib
from collections.abc import Container, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from data import (
    REJECTS,
    ChunkFailure,
    ChunkRows,
    Dataset,
    DocumentsLineage,
    LocalStore,
    Plan,
    Precision,
    Provenance,
    Record,
    SpaceLineage,
    commit,
    describe_part,
    new_attempt,
    part_keys,
    read_chunks,
    resolve_dataset,
    space_schema,
    vector_array,
    write_part,
)

_KEY = ["chunk", "row", "doc_id", "text_hash"]


def space(
    slug: str = "bert_mean",
    *,
    dimension: int = 3,
    precision: Precision = "float32",
    encoder: str = "bert",
    model: str = "bert",
) -> Dataset:
    """A space whose pooling has the slug's last word as its strategy."""
    pooling = {"strategy": slug.rsplit("_", 1)[-1], "normalize": False, "dimensions": dimension}
    return Dataset(
        slug=slug,
        lineage=SpaceLineage(
            encoder={"weights": encoder}, pooling={**pooling, "precision": precision}
        ),
        dimension=dimension,
        precision=precision,
        provenance=Provenance(model=model, encoder_spec={"model": model}),
    )


def vector_of(text: str, dimension: int = 3) -> list[float]:
    """Whole numbers from 1 to 256: exact in float16 too."""
    return [byte + 1.0 for byte in hashlib.blake2b(text.encode(), digest_size=dimension).digest()]


def read_all(plan: Plan, chunks: Sequence[str] | None = None) -> list[ChunkRows]:
    """The plan's chunks (or those named) as read; a failure is an error."""
    wanted = [chunk for chunk in plan.chunks if chunks is None or chunk.name in chunks]
    read = []
    for rows in read_chunks(plan, wanted):
        assert not isinstance(rows, ChunkFailure), rows.reason
        read.append(rows)
    return read


def documents_of(store: LocalStore, plan: Plan) -> Dataset:
    name = plan.corpus.name
    return resolve_dataset(store, Dataset(slug=name, lineage=DocumentsLineage(corpus=name)))


def commit_documents(store: LocalStore, plan: Plan, chunks: Sequence[str] | None = None) -> None:
    dataset = documents_of(store, plan).name
    for rows in read_all(plan, chunks):
        commit_tables(store, dataset, rows, rows.documents, rows.rejects)


def commit_space(
    store: LocalStore,
    plan: Plan,
    dataset: Dataset,
    chunks: Sequence[str] | None = None,
    *,
    refused: Container[str] = (),
) -> None:
    """Vectors of every text; those of `refused` become rejects, as texts without a token do."""
    dataset = resolve_dataset(store, dataset)
    for rows in read_all(plan, chunks):
        commit_tables(store, dataset.name, rows, *space_tables(dataset, rows, refused))


def space_tables(
    dataset: Dataset, rows: ChunkRows, refused: Container[str] = ()
) -> tuple[pa.Table, pa.Table]:
    """The rows of a space's part for a chunk, and its rejects."""
    texts = rows.texts.to_pylist()
    kept = pa.array([text not in refused for text in texts], pa.bool_())
    bad = rows.documents.filter(pa.compute.invert(kept)).select(_KEY)
    vectors = [vector_of(text, dataset.dimension or 0) for text in texts if text not in refused]
    table = space_table(dataset, rows.documents.filter(kept), vectors)
    return table, rejects_table(bad, "encode", "no_tokens")


def space_table(dataset: Dataset, documents: pa.Table, vectors: Sequence[Any]) -> pa.Table:
    """The rows of a space's part for these documents."""
    assert dataset.dimension is not None
    assert dataset.precision is not None
    count = documents.num_rows
    array = np.array(vectors, dataset.precision).reshape(count, -1 if count else dataset.dimension)
    columns = {name: documents[name] for name in _KEY} | {
        "n_tokens": pa.array([7] * count, pa.int32()),
        "n_unknown": pa.array([2] * count, pa.int32()),
        "truncated": pa.array([False] * count, pa.bool_()),
        "n_windows": pa.array([1] * count, pa.int32()),
        "vector": vector_array(array),
    }
    return pa.table(columns, schema=space_schema(array.shape[1], dataset.precision))


def commit_tables(
    store: LocalStore,
    dataset: str,
    rows: ChunkRows,
    kept: pa.Table,
    rejects: pa.Table | None = None,
    attempt: str | None = None,
) -> Record:
    """Write the tables as the parts of one attempt and commit them; the record in force."""
    return commit(store, write_tables(store, dataset, rows, kept, rejects, attempt=attempt))


def write_tables(
    store: LocalStore,
    dataset: str,
    rows: ChunkRows,
    kept: pa.Table,
    rejects: pa.Table | None = None,
    *,
    attempt: str | None = None,
) -> Record:
    """Write the tables as the parts of one attempt; the record that would commit them."""
    attempt = attempt or new_attempt()
    rejects = REJECTS.empty_table() if rejects is None else rejects
    keys = part_keys(dataset, rows.chunk.name, attempt)
    parts = []
    for key, table in zip(keys, (kept, rejects), strict=True):
        with write_part(store, key, table.schema) as part:
            part.append(table)
        parts.append(describe_part(store, key, table.num_rows))
    return Record(
        dataset=dataset,
        chunk=rows.chunk.name,
        attempt=attempt,
        rows_in=kept.num_rows + rejects.num_rows,
        rows=kept.num_rows,
        rejected=rejects.num_rows,
        texts_digest=rows.digest,
        part=parts[0],
        rejects=parts[1],
    )


def rejects_table(documents: pa.Table, stage: str, reason: str) -> pa.Table:
    """These documents as rejects, all for one reason."""
    count = len(documents)
    values: dict[str, Any] = {name: documents[name] for name in _KEY}
    values |= {"stage": [stage] * count, "reason": [reason] * count}
    return pa.table(values | {"detail": pa.nulls(count, pa.string())}, schema=REJECTS)
