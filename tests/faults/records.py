"""What must be true of a store whenever anybody looks, told from its files alone."""

import hashlib
from collections.abc import Iterator
from typing import Any

import pyarrow.parquet as pq

from data import Plan, committed_chunks, read_record
from data.records.datasets import Part


def broken_records(store: Any) -> list[str]:
    """Records that name a part which is not there whole; there must be none at any time."""
    return [part.key for part in _named_parts(store) if not _is_whole(store, part)]


def _named_parts(store: Any) -> Iterator[Part]:
    for dataset in store.list("datasets"):
        for chunk in committed_chunks(store, dataset):
            record = read_record(store, dataset, chunk)
            yield from (part for part in (record.part, record.rejects) if part is not None)


def _is_whole(store: Any, part: Part) -> bool:
    try:
        with store.read(part.key) as file:
            content = file.read()
            rows = pq.read_metadata(file).num_rows
    except FileNotFoundError:
        return False
    checksum = hashlib.blake2b(content, digest_size=16).hexdigest()
    return (rows, len(content), checksum) == (part.rows, part.size_bytes, part.checksum)


def rows_at_fault(store: Any, plan: Plan, *datasets: str) -> list[str]:
    """Committed chunks whose parts do not hold every planned row once, kept or rejected.

    A space has no row where the documents rejected one.
    """
    wrong = []
    for chunk in plan.chunks:
        planned = list(range(chunk.row_start, chunk.row_start + chunk.rows))
        for dataset in datasets:
            if chunk.name not in committed_chunks(store, dataset):
                continue
            record = read_record(store, dataset, chunk.name)
            kept, rejected = (_rows_in(store, part) for part in (record.part, record.rejects))
            if sorted(kept + rejected) != planned:
                wrong.append(f"{dataset} {chunk.name}")
            if dataset == datasets[0]:
                planned = sorted(kept)
    return wrong


def _rows_in(store: Any, part: Part | None) -> list[int]:
    if part is None:
        return []
    with store.read(part.key) as file:
        return pq.read_table(file, columns=["row"])["row"].to_pylist()


def without_documents(store: Any, documents: str, space: str) -> set[str]:
    """Chunks of a space whose documents are not committed: these must always come first."""
    return committed_chunks(store, space) - committed_chunks(store, documents)


def is_sound(store: Any, plan: Plan, documents: str, *spaces: str) -> bool:
    """Nothing half is visible: what records say is there, and documents are there first."""
    return not (
        broken_records(store)
        or rows_at_fault(store, plan, documents, *spaces)
        or any(without_documents(store, documents, space) for space in spaces)
    )


def orphans(store: Any) -> list[str]:
    """Parts that no record names; readers never see them."""
    folders = [f"datasets/{dataset}/parts" for dataset in store.list("datasets")]
    there = {f"{folder}/{name}" for folder in folders for name in store.list(folder)}
    return sorted(there - {part.key for part in _named_parts(store)})
