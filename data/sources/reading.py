"""The rows of a chunk: texts ready to encode, documents with their hashes, and rejects.

Knows how texts are joined, refused and hashed. Does not know vectors or what is committed.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from fsspec.core import url_to_fs

from data.schemas import REJECTS, TEXT_HASH, documents_schema
from data.sources.chunks import Chunk
from data.sources.columns import decode_column
from data.sources.parquet_file import UnreadableSource
from data.sources.plan import Plan
from data.sources.source_file import (
    SourceChanged,
    SourceFile,
    hive_partition,
    identify_file,
    read_columns,
)
from data.sources.spans import RowRange, read_ranges
from data.sources.texts import first_occurrences, hash_texts, join_texts, reject_reasons


@dataclass(frozen=True, slots=True)
class ChunkRows:
    """A chunk as read.

    `texts` has a text for every row of `documents`, in the same order. `first` points each document
    at the first one with the same text, itself if there is none before it. `digest` stands for all
    texts and rejects: two readings with the same digest read the same.
    """

    chunk: Chunk
    documents: pa.Table
    texts: pa.LargeStringArray
    first: np.ndarray
    rejects: pa.Table
    digest: str


@dataclass(frozen=True, slots=True)
class ChunkFailure:
    """A chunk whose file could not be read as planned; nothing of it is committed.

    `is_unreadable` tells a damaged file from one that was changed since it was planned.
    """

    chunk: Chunk
    reason: str
    is_unreadable: bool


def read_chunks(plan: Plan, chunks: Sequence[Chunk]) -> Iterator[ChunkRows | ChunkFailure]:
    """Each chunk in order; consecutive chunks of one file are read in one pass."""
    files = {file.path: file for file in plan.files}
    for path, group in groupby(chunks, key=lambda chunk: chunk.path):
        yield from _read_file(plan, files[path], list(group))


def _read_file(
    plan: Plan, file: SourceFile, chunks: list[Chunk]
) -> Iterator[ChunkRows | ChunkFailure]:
    done, together = 0, len(chunks)
    while done < len(chunks):
        try:
            for rows in _read_together(plan, file, chunks[done : done + together]):
                yield rows
                done += 1
            together = len(chunks)
        except (UnreadableSource, SourceChanged) as error:
            if together > 1:  # a batch may reach into what is damaged after this chunk
                together = 1
                continue
            is_unreadable = isinstance(error, UnreadableSource)
            yield ChunkFailure(chunks[done], f"{chunks[done].place}: {error}", is_unreadable)
            done, together = done + 1, len(chunks)


def _read_together(plan: Plan, file: SourceFile, chunks: list[Chunk]) -> Iterator[ChunkRows]:
    filesystem, _ = url_to_fs(plan.corpus.path)
    full = f"{plan.root}/{file.path}" if plan.root else file.path
    columns = read_columns(plan.corpus, hive_partition(file.path))
    filesystem.invalidate_cache(full)  # of S3, what its listing said would be said again
    _check_unchanged(file, identify_file(filesystem, full))
    ranges = [RowRange(chunk.row_start, chunk.rows) for chunk in chunks]
    tables = read_ranges(filesystem, full, file, ranges, columns)
    for chunk, table in zip(chunks, tables, strict=True):
        rows = _chunk_rows(plan, file, chunk, table)
        _check_unchanged(file, identify_file(filesystem, full))
        yield rows


def _check_unchanged(planned: SourceFile, now: object) -> None:
    if now != planned.identity:
        raise SourceChanged(
            "the file was replaced or changed after it was planned. Run again to plan it anew."
        )


def _chunk_rows(plan: Plan, file: SourceFile, chunk: Chunk, table: pa.Table) -> ChunkRows:
    corpus = plan.corpus
    rows = np.arange(chunk.row_start, chunk.row_start + chunk.rows)
    text, invalid = join_texts(table, corpus.text_columns, corpus.separator)
    carried, invalid_carried = _carried(table, corpus.carry_columns, hive_partition(file.path))
    doc_id, invalid_id = _doc_ids(table, corpus.id_column, file.path, rows)
    reason = reject_reasons(text, invalid | invalid_carried | invalid_id)
    good = np.asarray(pc.is_null(reason))
    kept = pa.array(good)
    texts = text.filter(kept)
    hashes = hash_texts(texts)
    first = first_occurrences(hashes)
    key = {
        "chunk": pa.repeat(pa.scalar(chunk.name), len(hashes)),
        "row": pa.array(rows[good]),
        "doc_id": doc_id.filter(kept),
        "text_hash": hashes,
        "file": pa.repeat(pa.scalar(file.path), len(hashes)),
        "duplicate_of": pa.array(rows[good][first], mask=first == np.arange(len(first))),
    }
    carried = carried.filter(kept)
    schema = documents_schema(carried.schema)
    documents = pa.table(
        key | {name: carried[name] for name in carried.column_names}, schema=schema
    )
    rejects = _rejects(chunk, rows[~good], doc_id.filter(pc.invert(kept)), reason.drop_null())
    return ChunkRows(chunk, documents, texts, first, rejects, _digest(documents, rejects))


def _carried(
    table: pa.Table, names: Sequence[str], partition: dict[str, str | None]
) -> tuple[pa.Table, np.ndarray]:
    columns, invalid = {}, np.zeros(table.num_rows, bool)
    for name in names:
        if name in partition:
            columns[name] = pa.repeat(pa.scalar(partition[name], pa.string()), table.num_rows)
        else:
            columns[name], bad = decode_column(table, name)
            invalid |= bad
    # a table without columns has no rows: carry the count in a column of its own, dropped by name
    counted = pa.table({**columns, "": pa.nulls(table.num_rows)})
    return counted.drop_columns([""]) if columns else counted.select([]), invalid


def _doc_ids(
    table: pa.Table, id_column: str | None, path: str, rows: np.ndarray
) -> tuple[pa.StringArray, np.ndarray]:
    numbers = pa.array(rows).cast(pa.string())
    places = pc.binary_join_element_wise(pa.scalar(path), numbers, "#")
    if id_column is None:
        return places, np.zeros(len(rows), bool)
    ids, invalid = decode_column(table, id_column)
    return pc.coalesce(ids.cast(pa.string()), places), invalid


def _rejects(
    chunk: Chunk, rows: np.ndarray, doc_ids: pa.StringArray, reasons: pa.StringArray
) -> pa.Table:
    columns = {
        "chunk": pa.repeat(pa.scalar(chunk.name), len(rows)),
        "row": pa.array(rows),
        "doc_id": doc_ids,
        "text_hash": pa.nulls(len(rows), TEXT_HASH),
        "stage": pa.repeat(pa.scalar("read"), len(rows)),
        "reason": reasons,
        "detail": pa.nulls(len(rows), pa.string()),
    }
    return pa.table(columns, schema=REJECTS)


def _digest(documents: pa.Table, rejects: pa.Table) -> str:
    digest = hashlib.blake2b(digest_size=16)
    for table, column in ((documents, "text_hash"), (rejects, "reason")):
        digest.update(np.asarray(table["row"]).tobytes())
        digest.update(b"".join(str(value).encode() for value in table[column].to_pylist()))
    return digest.hexdigest()
