"""Corpora and stores made by hand in a few lines: no model and no Prefect, only data's own doors.

A vector is arithmetic: `vector_of` says which one a text has.
"""

import hashlib
from collections.abc import Container, Iterable, Sequence
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from data import (
    REJECTS,
    ChunkFailure,
    ChunkRows,
    CorpusSpec,
    Dataset,
    DocumentsLineage,
    LocalStore,
    Plan,
    Precision,
    Provenance,
    Record,
    SealOutcome,
    SealRequest,
    SpaceLineage,
    StoreSpec,
    commit,
    make_plan,
    new_attempt,
    newest_catalog,
    newest_seal,
    open_store,
    part_keys,
    publish_catalog,
    read_chunks,
    resolve_dataset,
    save_plan,
    seal_corpus,
    seal_part,
    space_schema,
    vector_array,
    write_part,
)

_KEY = ["chunk", "row", "doc_id", "text_hash"]


def write_texts(path: Path, texts: Any, row_group_size: int | None = None, **columns: Any) -> Path:
    """A Parquet file with a column `text` and the columns given."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table({"text": texts, **columns}), path, row_group_size=row_group_size)
    return path


def tiny_store(folder: Path) -> LocalStore:
    return open_store(StoreSpec(path=str(folder)))


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


def list_corpus(store: LocalStore, corpus: CorpusSpec, chunk_rows: int = 1_000) -> Plan:
    plan = make_plan(corpus, chunk_rows=chunk_rows, chunk_bytes=1 << 25)
    save_plan(store, plan)
    return plan


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
        texts = rows.texts.to_pylist()
        kept = pa.array([text not in refused for text in texts], pa.bool_())
        bad = rows.documents.filter(pa.compute.invert(kept)).select(_KEY)
        reasons = pa.table({"stage": ["encode"] * len(bad), "reason": ["no_tokens"] * len(bad)})
        vectors = [vector_of(text, dataset.dimension or 0) for text in texts if text not in refused]
        commit_tables(
            store,
            dataset.name,
            rows,
            space_table(dataset, rows.documents.filter(kept), vectors),
            _rejects(bad, reasons),
        )


def space_table(dataset: Dataset, documents: pa.Table, vectors: Sequence[Any]) -> pa.Table:
    """The rows of a space's part for these documents."""
    assert dataset.dimension is not None
    assert dataset.precision is not None
    count = documents.num_rows
    array = np.array(vectors, dataset.precision).reshape(count, -1 if count else dataset.dimension)
    columns = {name: documents[name] for name in _KEY} | {
        "n_tokens": pa.array([7] * count, pa.int32()),
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
    attempt = attempt or new_attempt()
    rejects = REJECTS.empty_table() if rejects is None else rejects
    keys = part_keys(dataset, rows.chunk.name, attempt)
    parts = []
    for key, table in zip(keys, (kept, rejects), strict=True):
        with write_part(store, key, table.schema) as part:
            part.append(table)
        parts.append(seal_part(store, key, table.num_rows))
    record = Record(
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
    return commit(store, record)


def seal(
    store: LocalStore, plan: Plan, *spaces: Dataset, plan_before: str | None = "newest"
) -> SealOutcome:
    """Seal what is committed, as a run does that saw `plan_before` when it began."""
    newest = newest_seal(store)
    known = newest.corpora.get(plan.corpus.name) if newest else None
    if plan_before == "newest":
        plan_before = known.plan if known else None
    request = SealRequest(
        corpus=plan.corpus.name,
        plan=plan.name,
        plan_before=plan_before,
        documents=documents_of(store, plan).name,
        spaces=tuple(resolve_dataset(store, each).name for each in spaces),
        run="by-hand",
    )
    return seal_corpus(store, request)


def embed(store: LocalStore, corpus: CorpusSpec, *spaces: Dataset, chunk_rows: int = 1_000) -> Plan:
    """A whole run over a corpus: listed, committed, sealed and published."""
    plan = list_corpus(store, corpus, chunk_rows)
    commit_documents(store, plan)
    for each in spaces:
        commit_space(store, plan, each)
    seal(store, plan, *spaces)
    publish_catalog(store)
    return plan


def ask(store: LocalStore, query: str, **values: Any) -> list[Any]:
    """The rows of a query on the newest catalog; bare values where there is one column."""
    catalog = newest_catalog(store)
    assert catalog is not None
    with duckdb.connect(str(catalog), read_only=True) as connection:
        rows = connection.execute(query, values or None).fetchall()
    return [row[0] if len(row) == 1 else row for row in rows]


def corpus_of(path: Path | str, name: str = "notes", **spec: Any) -> CorpusSpec:
    return CorpusSpec(name=name, path=str(path), **spec)


def files_below(folder: Path) -> set[str]:
    """Relative paths of all files, symlinks included."""
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if not path.is_dir()}


def _rejects(documents: pa.Table, columns: pa.Table) -> pa.Table:
    values: dict[str, Iterable[Any]] = {name: documents[name] for name in _KEY}
    values |= {name: columns[name] for name in columns.column_names}
    return pa.table(values | {"detail": pa.nulls(len(documents), pa.string())}, schema=REJECTS)
