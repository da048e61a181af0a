"""What an earlier try of a task has committed, read back from its labels: no count is lost.

Knows a job's datasets and labels. Writes nothing.
"""

from collections.abc import Iterable

from data import Chunk, DamagedPart, Store, committed_chunks, read_labels, read_rejects
from tasks.labelling.job import LabelerJob, LabelJob, LabelReceipt


def earlier_receipts(
    store: Store, job: LabelJob, chunks: Iterable[Chunk]
) -> dict[str, LabelReceipt]:
    """What this run has labelled of each chunk, as the receipts that nobody was given."""
    there = {labeler.dataset: committed_chunks(store, labeler.dataset) for labeler in job.labelers}
    found = {}
    for chunk in chunks:
        receipt = LabelReceipt(chunk=chunk.name, place=chunk.place)
        for labeler in job.labelers:
            if chunk.name in there[labeler.dataset]:
                receipt = _with_labels(store, job, labeler, receipt)
        found[chunk.name] = receipt
    return found


def _with_labels(
    store: Store, job: LabelJob, labeler: LabelerJob, receipt: LabelReceipt
) -> LabelReceipt:
    """Unchanged if another run made them; of no label, or a damaged part, nobody knows who did."""
    try:
        labels = read_labels(store, labeler.dataset, receipt.chunk)
        if not labels.num_rows or labels["run"][0].as_py() != job.run:
            return receipt
        without = read_rejects(store, labeler.dataset, receipt.chunk).num_rows
    except DamagedPart:  # damage of a week ago stops no labeler that does not read it
        return receipt
    for_review = labels.num_rows - int(labels["is_auto"].to_numpy().sum())
    return receipt.with_labels(
        labeler, labelled=labels.num_rows, for_review=for_review, without_label=without
    )
