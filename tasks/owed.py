"""What chunks lack, and what is committed of them: read off the records, so true after any crash.

Knows a job's datasets. Reads no source file and writes nothing.
"""

from collections.abc import Collection
from dataclasses import dataclass

from data import (
    Chunk,
    Store,
    committed_chunks,
    load_plan,
    open_existing_store,
    read_record,
)
from tasks.job import ChunkReceipt, EmbedJob, SpaceJob, committed_receipt


@dataclass(frozen=True, slots=True)
class Owed:
    """What one chunk lacks."""

    documents: bool
    spaces: tuple[SpaceJob, ...]


def owed_chunks(store: Store, job: EmbedJob, names: Collection[str]) -> dict[str, Owed]:
    """What each chunk lacks now; a chunk that lacks nothing is not in the answer."""
    documents = set(names) - committed_chunks(store, job.documents)
    lacking = [(space, set(names) - committed_chunks(store, space.dataset)) for space in job.spaces]
    owed = {
        name: Owed(name in documents, tuple(space for space, lack in lacking if name in lack))
        for name in names
    }
    return {name: some for name, some in owed.items() if some.documents or some.spaces}


def committed_receipts(job: EmbedJob, names: Collection[str]) -> list[ChunkReceipt]:
    """The receipts of those of the chunks that lack nothing, in plan order."""
    store = open_existing_store(job.store.path)
    done = set(names) - owed_chunks(store, job, names).keys()
    return [
        read_receipt(store, job, c) for c in load_plan(store, job.plan).chunks if c.name in done
    ]


def count_rejects(job: EmbedJob) -> tuple[int, int]:
    """Rows of the whole plan that are committed, and how many of them were rejected."""
    store = open_existing_store(job.store.path)
    receipts = committed_receipts(job, [chunk.name for chunk in load_plan(store, job.plan).chunks])
    return sum(r.rows for r in receipts), sum(r.rejected + r.without_vector for r in receipts)


def read_receipt(store: Store, job: EmbedJob, chunk: Chunk) -> ChunkReceipt:
    """The receipt of a committed chunk."""
    documents, space = (
        read_record(store, dataset, chunk.name)
        for dataset in (job.documents, job.spaces[-1].dataset)
    )
    return committed_receipt(chunk, documents, space)
