"""The tables of a catalog, filled from records, plans and parts.

Knows the columns; their meanings are in comments.py. SQL here names every column it makes.
"""

import json
from collections.abc import Iterator, Mapping, Sequence

import duckdb
from pydantic import BaseModel

from data.catalog.documents import create_documents
from data.catalog.inserting import insert_rows
from data.catalog.views import model_of, space_names
from data.labels.labelers import label_versions
from data.labels.stored_labeler import StoredLabeler
from data.lineage import SpaceLineage
from data.records.datasets import Record, load_dataset, read_records
from data.records.runs import load_runs
from data.records.seals import CorpusSeal, Seal, visible_chunks
from data.sources.plan import load_plan
from data.sql import read_parts
from data.stores.store import OpenStore

_DDL = """
    CREATE TABLE runs (
        run TEXT, state TEXT, corpus TEXT, plan TEXT, spaces TEXT[], started_at TIMESTAMPTZ,
        ended_at TIMESTAMPTZ, asked JSON, documents BIGINT, rejected BIGINT,
        without_vector BIGINT, encoded BIGINT,
        reused BIGINT, duplicates BIGINT, tokens BIGINT, truncated BIGINT, device_seconds DOUBLE,
        wait_seconds DOUBLE, failures TEXT[], labelers TEXT[], labelled BIGINT, for_review BIGINT);
    CREATE TABLE chunks (
        corpus TEXT, dataset TEXT, space TEXT, labeler TEXT, version TEXT, chunk TEXT, file TEXT,
        row_start BIGINT, rows_planned BIGINT, is_committed BOOLEAN, rows BIGINT,
        rejected BIGINT, part TEXT, rejects_part TEXT, size_bytes BIGINT, tokens BIGINT,
        attempt TEXT);
    CREATE TABLE spaces (
        space TEXT, dataset TEXT, corpus TEXT, model TEXT, strategy TEXT, dimension INTEGER,
        precision TEXT, is_normalized BOOLEAN, vectors BIGINT, rejected BIGINT,
        owed_chunks BIGINT, is_complete BOOLEAN, encoder JSON, pooling JSON);
    CREATE TABLE rejects (
        corpus TEXT, space TEXT, labeler TEXT, version TEXT, chunk TEXT, row BIGINT, doc_id TEXT,
        text_hash BLOB, file TEXT, stage TEXT, reason TEXT, detail TEXT);
    CREATE TABLE corpus_changes (
        seal BIGINT, corpus TEXT, change TEXT, doc_id TEXT, file TEXT, row BIGINT,
        file_before TEXT, row_before BIGINT, text_hash BLOB);
    CREATE TABLE unreadable_files (corpus TEXT, file TEXT, reason TEXT);
"""
_REJECTS_PARTS = """
    SELECT corpus, space, labeler, version, list(rejects_part) FROM chunks
    WHERE rejects_part IS NOT NULL GROUP BY corpus, dataset, space, labeler, version
"""
_SPACE_COUNTS = """
    SELECT coalesce(sum(rows), 0)::BIGINT AS vectors,
        coalesce(sum(rejected), 0)::BIGINT AS rejected,
        count(*) FILTER (NOT is_committed) AS owed_chunks
    FROM chunks WHERE corpus = $corpus AND dataset = $dataset
"""


class _ChunkRow(BaseModel):
    """A row of the chunks table."""

    corpus: str
    dataset: str
    space: str | None = None
    labeler: str | None = None
    version: str | None = None
    chunk: str
    file: str
    row_start: int
    rows_planned: int
    is_committed: bool
    rows: int | None = None
    rejected: int | None = None
    part: str | None = None
    rejects_part: str | None = None
    size_bytes: int | None = None
    tokens: int | None = None
    attempt: str | None = None


def create_tables(
    connection: duckdb.DuckDBPyConnection,
    store: OpenStore,
    seal: Seal,
    labelers: Sequence[StoredLabeler],
) -> None:
    """Create and fill every table about documents and spaces, but corpus_changes stays empty."""
    connection.execute(_DDL)
    spaces = space_names(store, seal)
    names = {dataset: {"space": space} for dataset, space in spaces.items()}
    versions = label_versions(store, seal, labelers)
    names |= {dataset: version._asdict() for dataset, version in versions.items()}
    runs = [
        run.model_dump(mode="json", exclude={"drift", "audit", "looked_at"})
        for run in load_runs(store)
    ]
    insert_rows(connection, "runs", runs)
    for name, corpus in seal.corpora.items():
        rows = list(_chunk_rows(store, name, corpus, names))
        insert_rows(connection, "chunks", [row.model_dump() for row in rows])
        unreadable = load_plan(store, corpus.plan).unreadable
        files = [{"corpus": name, "file": file.path, "reason": file.reason} for file in unreadable]
        insert_rows(connection, "unreadable_files", files)
    create_documents(connection, store)
    _fill_rejects(connection, store)
    for name, corpus in seal.corpora.items():
        _fill_spaces(connection, store, (name, corpus), spaces)


def _chunk_rows(
    store: OpenStore, name: str, corpus: CorpusSeal, names: Mapping[str, dict[str, str]]
) -> Iterator[_ChunkRow]:
    chunks = load_plan(store, corpus.plan).chunks
    for dataset, shown in visible_chunks(store, corpus).items():
        records = {record.chunk: record for record in read_records(store, dataset, shown)}
        for chunk in chunks:
            record = records.get(chunk.name)
            yield _ChunkRow(
                corpus=name,
                dataset=dataset,
                chunk=chunk.name,
                file=chunk.path,
                row_start=chunk.row_start,
                rows_planned=chunk.rows,
                is_committed=record is not None,
                **names.get(dataset, {}),
                **(_counts(record) if record else {}),
            )


def _counts(record: Record) -> dict[str, int | str | None]:
    return {
        "rows": record.rows,
        "rejected": record.rejected,
        "part": record.part.key if record.part else None,
        "rejects_part": record.rejects.key if record.rejects else None,
        "size_bytes": record.part.size_bytes if record.part else 0,
        "tokens": record.statistics.tokens,
        "attempt": record.attempt,
    }


def _fill_rejects(connection: duckdb.DuckDBPyConnection, store: OpenStore) -> None:
    for *names, parts in connection.execute(_REJECTS_PARTS).fetchall():
        paths = [store.location(part) for part in parts]
        connection.execute(
            "INSERT INTO rejects SELECT $corpus, $space, $labeler, $version, r.chunk, r.row, "
            "r.doc_id, r.text_hash, c.file, r.stage, r.reason, r.detail "
            f"FROM {read_parts(paths)} r "
            "JOIN (SELECT DISTINCT chunk, file FROM chunks) c USING (chunk)",
            dict(zip(("corpus", "space", "labeler", "version"), names, strict=True)),
        )


def _fill_spaces(
    connection: duckdb.DuckDBPyConnection,
    store: OpenStore,
    sealed: tuple[str, CorpusSeal],
    names: dict[str, str],
) -> None:
    corpus, seal = sealed
    rows = []
    for dataset in seal.spaces:
        values = {"corpus": corpus, "dataset": dataset}
        (counts,) = connection.sql(_SPACE_COUNTS, params=values).to_arrow_table().to_pylist()
        known = load_dataset(store, dataset)
        assert isinstance(known.lineage, SpaceLineage)
        lineage = known.lineage
        rows.append(
            {
                "space": names[dataset],
                "dataset": dataset,
                "corpus": corpus,
                "model": model_of(known),
                "strategy": str(lineage.pooling["strategy"]),
                "dimension": known.dimension,
                "precision": known.precision,
                "is_normalized": bool(lineage.pooling["normalize"]),
                "is_complete": not counts["owed_chunks"],
                "encoder": json.dumps(lineage.encoder),
                "pooling": json.dumps(lineage.pooling),
                **counts,
            }
        )
    insert_rows(connection, "spaces", rows)
