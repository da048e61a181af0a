"""The invariants of sealed rows, counted in SQL: each must be 0 before a seal is created.

Knows the parts of documents and spaces. Looks only at chunks that the seal before did not show,
unless one that it showed was done anew: then at the whole corpus.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import duckdb
import pyarrow as pa

from data.checking.label_checks import LABELS_AT_FAULT, label_values
from data.labels.labelers import load_labeler
from data.lineage import Dataset, LabelerLineage
from data.records.datasets import Part, load_dataset, read_records
from data.records.seals import CorpusSeal, Seal, hash_attempts, visible_chunks
from data.schemas import REJECTS, labels_schema, stored_type
from data.sources.chunks import Chunk
from data.sources.plan import load_plan
from data.sql import bounded_memory, read_parts_by_name
from data.stores.store import OpenStore, StoreError

_CHUNKS_A_CHECK = 64
_MEMORY = "512MB"

_DOCUMENTS_AT_FAULT = """
    WITH planned AS (SELECT chunk, unnest(range(row_start, row_start + rows)) AS row FROM chunks),
    found AS (SELECT chunk, row FROM kept UNION ALL SELECT chunk, row FROM rejects)
    SELECT
        (SELECT count(*) FROM planned ANTI JOIN found USING (chunk, row)) AS "rows lost",
        (SELECT count(*) FROM found ANTI JOIN planned USING (chunk, row)) AS "rows not planned",
        (SELECT count(*) FROM (SELECT chunk, row FROM found GROUP BY ALL HAVING count(*) > 1))
            AS "rows doubled"
"""
_VECTORS_AT_FAULT = """
    WITH found AS (
        SELECT chunk, row, text_hash FROM kept UNION ALL SELECT chunk, row, text_hash FROM rejects)
    SELECT
        (SELECT count(*) FROM documents ANTI JOIN found USING (chunk, row, text_hash))
            AS "documents without a vector",
        (SELECT count(*) FROM found ANTI JOIN documents USING (chunk, row, text_hash))
            AS "vectors without a document",
        (SELECT count(*) FROM (SELECT chunk, row FROM found GROUP BY ALL HAVING count(*) > 1))
            AS "rows doubled",
        (SELECT count(*) FROM kept WHERE {at_fault}) AS "vectors of wrong length or value"
"""
_FLOATS_AT_FAULT = """
    len(vector) <> $width
    OR NOT isfinite(list_inner_product(vector::DOUBLE[], vector::DOUBLE[]))
    OR list_inner_product(vector::DOUBLE[], vector::DOUBLE[]) = 0
"""
_BYTES_AT_FAULT = "octet_length(vector) <> $width"


class InvariantBroken(StoreError):
    """Rows of a chunk do not add up. Nothing was sealed; what was sealed before stays."""


def check_new_chunks(store: OpenStore, before: Seal | None, name: str, corpus: CorpusSeal) -> None:
    """Count the faults of every chunk that was not checked before an earlier seal.

    Raises:
        InvariantBroken: a count is not 0; the message names the dataset and the count.
        DamagedRecord: a record cannot be read, or its counts disagree.
        DiskFull: no space is left to spill to.
    """
    shown_before = _checked_chunks(store, before.corpora.get(name) if before else None)
    planned = {chunk.name: chunk for chunk in load_plan(store, corpus.plan).chunks}
    for dataset, chunks in visible_chunks(store, corpus).items():
        new = sorted(set(chunks) - set(shown_before.get(dataset, ())))
        for start in range(0, len(new), _CHUNKS_A_CHECK):
            some = [planned[name] for name in new[start : start + _CHUNKS_A_CHECK]]
            faults = rows_at_fault(store, corpus.documents, dataset, some)
            if faults:
                raise InvariantBroken(
                    f"dataset {dataset}: {faults}. Nothing was sealed and the catalog is as "
                    "before; python -m data verify STORE names the chunks."
                )


def rows_at_fault(store: OpenStore, documents: str, dataset: str, chunks: Sequence[Chunk]) -> str:
    """The counts of these chunks that should be 0 and are not, in words; "" if all are.

    Raises:
        InvariantBroken: a part cannot be read.
        DamagedRecord: a record cannot be read, or its counts disagree.
    """
    names = [chunk.name for chunk in chunks]
    with _blame_parts(dataset), _rows_of(store, dataset, names) as connection:
        if dataset == documents:
            return _documents_at_fault(connection, chunks)
        records = read_records(store, documents, names)
        _show_parts(connection, store, "documents", [each.part for each in records])
        return _at_fault_beside_documents(connection, store, load_dataset(store, dataset))


def _checked_chunks(store: OpenStore, known: CorpusSeal | None) -> dict[str, list[str]]:
    """The chunks that the seal before shows; none if a record of theirs is another one now."""
    if known is None or known.attempts != hash_attempts(store, known):
        return {}
    return visible_chunks(store, known)


def _documents_at_fault(connection: duckdb.DuckDBPyConnection, chunks: Sequence[Chunk]) -> str:
    table = {
        "chunk": [chunk.name for chunk in chunks],
        "row_start": [chunk.row_start for chunk in chunks],
        "rows": [chunk.rows for chunk in chunks],
    }
    connection.register("chunks", pa.table(table))
    return _count(connection, _DOCUMENTS_AT_FAULT, {})


def _at_fault_beside_documents(
    connection: duckdb.DuckDBPyConnection, store: OpenStore, dataset: Dataset
) -> str:
    if isinstance(dataset.lineage, LabelerLineage):
        values = label_values(load_labeler(store, dataset.lineage.labeler))
        return _count(connection, LABELS_AT_FAULT, values)
    return _vectors_at_fault(connection, dataset)


def _vectors_at_fault(connection: duckdb.DuckDBPyConnection, space: Dataset) -> str:
    kind = _vector_type(space)
    is_list = pa.types.is_fixed_size_list(kind)
    query = _VECTORS_AT_FAULT.format(at_fault=_FLOATS_AT_FAULT if is_list else _BYTES_AT_FAULT)
    width = kind.list_size if is_list else kind.byte_width
    return _count(connection, query, {"width": width})


def _count(connection: duckdb.DuckDBPyConnection, query: str, values: Mapping[str, object]) -> str:
    found = connection.sql(query, params=values).to_arrow_table().to_pylist()[0]
    return ", ".join(f"{count} {fault}" for fault, count in found.items() if count)


@contextmanager
def _blame_parts(dataset: str) -> Iterator[None]:
    """Call a part damaged where DuckDB, whose words for that are many, cannot go on.

    A check that asks for too much memory, or that somebody ends, says nothing about a part.
    """
    try:
        yield
    except (duckdb.OutOfMemoryException, duckdb.InterruptException):
        raise
    except duckdb.Error as error:
        raise InvariantBroken(
            f"dataset {dataset}: a part cannot be read ({error}). Nothing was sealed. Run python "
            "-m data repair STORE, then this again: its chunk is then done anew."
        ) from error


@contextmanager
def _rows_of(
    store: OpenStore, dataset: str, chunks: Sequence[str]
) -> Iterator[duckdb.DuckDBPyConnection]:
    """The rows of these chunks, and what they rejected, as the views kept and rejects."""
    records = list(read_records(store, dataset, chunks))
    empty = _empty(load_dataset(store, dataset))
    with bounded_memory(store, _MEMORY) as connection:
        _show_parts(connection, store, "kept", [record.part for record in records], empty)
        _show_parts(connection, store, "rejects", [record.rejects for record in records])
        yield connection


def _show_parts(
    connection: duckdb.DuckDBPyConnection,
    store: OpenStore,
    name: str,
    parts: Sequence[Part | None],
    empty: pa.Schema = REJECTS,
) -> None:
    paths = [store.location(part.key) for part in parts if part is not None]
    if paths:
        connection.execute(f"CREATE VIEW {name} AS FROM {read_parts_by_name(paths)}")
    else:
        connection.register(name, empty.empty_table())


def _empty(dataset: Dataset) -> pa.Schema:
    if isinstance(dataset.lineage, LabelerLineage):
        return labels_schema(dataset.dimension or 0)
    return REJECTS.append(pa.field("vector", _vector_type(dataset)))


def _vector_type(dataset: Dataset) -> pa.DataType:
    """As stored; documents have no vectors."""
    if dataset.dimension is None or dataset.precision is None:
        return pa.null()
    return stored_type(dataset.dimension, dataset.precision)
