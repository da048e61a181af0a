"""The step that labels: read what each labeler needs, predict, write, commit. A plain function.

Knows the order, and what is owed. Knows no Prefect: the task in tasks/label_chunks.py calls it, and
so do tests.
"""

import time
from collections.abc import Iterator, Sequence

from data import (
    Chunk,
    ChunkFailure,
    ChunkRows,
    DamagedPart,
    OpenStore,
    commit,
    load_plan,
    new_attempt,
    open_existing_store,
    read_chunks,
    read_documents,
    read_record,
)
from tasks.labelling.earlier import earlier_receipts
from tasks.labelling.inputs import ChunkDocuments, read_inputs
from tasks.labelling.job import LabelerJob, LabelJob, LabelReceipt
from tasks.labelling.outputs import Attempt, write_labels
from tasks.labelling.owed import OwedLabels, owed_labels
from tasks.labelling.stored_labelers import process_labeler
from tasks.outputs import write_documents

_KEY = ["chunk", "row", "doc_id", "text_hash"]
_CHANGED = "the file was changed after its documents were committed. Run again to plan it anew."


class SourceDiffers(Exception):
    """The texts that are read now are not those whose documents are committed."""


def label_step(
    job: LabelJob, names: Sequence[str], *, is_again: bool = False
) -> Iterator[LabelReceipt]:
    """Bring the named chunks of the plan to all labelers that lack them and can read them.

    A receipt comes after each chunk, and its labels are committed by then, labeler by labeler. The
    source is read only for labelers that read texts. `is_again`: an earlier try failed, and what it
    had committed counts as well.
    """
    store = open_existing_store(job.store.path)
    plan = load_plan(store, job.plan)
    owed = owed_labels(store, job, names)
    asked = frozenset(names)
    named = [chunk for chunk in plan.chunks if chunk.name in asked]
    earlier = earlier_receipts(store, job, named) if is_again else {}
    yield from (receipt for name, receipt in earlier.items() if name not in owed)
    chunks = [chunk for chunk in named if chunk.name in owed]
    sources = read_chunks(plan, [c for c in chunks if owed[c.name].needs_source])
    for chunk in chunks:
        started = time.perf_counter()
        rows = next(sources) if owed[chunk.name].needs_source else None
        begun = earlier.get(chunk.name, LabelReceipt(chunk=chunk.name, place=chunk.place))
        receipt = _label_chunk(store, job, chunk, owed[chunk.name], rows, begun)
        yield receipt.model_copy(update={"seconds": time.perf_counter() - started})


def _label_chunk(
    store: OpenStore,
    job: LabelJob,
    chunk: Chunk,
    owed: OwedLabels,
    rows: ChunkRows | ChunkFailure | None,
    receipt: LabelReceipt,
) -> LabelReceipt:
    if isinstance(rows, ChunkFailure):
        failed = {"is_unreadable": rows.is_unreadable, "failure": rows.reason}
        return receipt.model_copy(update=failed)
    attempt = Attempt(new_attempt(), job.run)
    if rows is not None and owed.documents:
        receipt = _commit_documents(store, job, rows, attempt, receipt)
    try:
        documents = _documents(store, job, chunk, rows)
        for labeler in owed.labelers:
            receipt = _label(store, job, labeler, documents, attempt, receipt)
    except (SourceDiffers, DamagedPart) as error:  # the other chunks go on
        return receipt.model_copy(update={"failure": f"{chunk.place}: {error}"})
    return receipt


def _commit_documents(
    store: OpenStore, job: LabelJob, rows: ChunkRows, attempt: Attempt, receipt: LabelReceipt
) -> LabelReceipt:
    record = write_documents(store, job.documents, rows, attempt.name)
    if commit(store, record).attempt != attempt.name:
        return receipt
    counts = {"documents": record.rows, "rejected": record.rejected}
    return receipt.model_copy(update=counts)


def _documents(
    store: OpenStore, job: LabelJob, chunk: Chunk, rows: ChunkRows | None
) -> ChunkDocuments:
    """The committed documents; their texts if the source was read and still has these."""
    digest = read_record(store, job.documents, chunk.name).texts_digest
    if rows is not None and rows.digest != digest:
        raise SourceDiffers(_CHANGED)
    stored = rows.documents if rows else read_documents(store, job.documents, chunk.name)
    return ChunkDocuments(chunk.name, stored.select(_KEY), rows.texts if rows else None, digest)


def _label(
    store: OpenStore,
    job: LabelJob,
    labeler: LabelerJob,
    documents: ChunkDocuments,
    attempt: Attempt,
    receipt: LabelReceipt,
) -> LabelReceipt:
    loaded = process_labeler(job.store.path, labeler.name)
    inputs = read_inputs(store, labeler, documents, len(loaded.spec.label_schema.labels))
    output = write_labels(store, labeler, loaded, documents, inputs, attempt)
    if commit(store, output.record).attempt != attempt.name:
        return receipt
    return receipt.with_labels(
        labeler,
        labelled=output.record.rows,
        for_review=output.for_review,
        without_label=output.record.rejected,
    )
