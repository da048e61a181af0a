"""Which labels chunks lack, and which of these can be made: read off the records.

Knows a job's datasets. Reads no part.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from data import Store, committed_chunks
from tasks.labelling.job import LabelerJob, LabelJob


@dataclass(frozen=True, slots=True)
class OwedLabels:
    """What one chunk lacks and can be given: members before what reads their labels."""

    documents: bool
    labelers: tuple[LabelerJob, ...]

    @property
    def needs_source(self) -> bool:
        """Whether the source file has to be read."""
        return self.documents or any(labeler.reads == "text" for labeler in self.labelers)


def owed_labels(store: Store, job: LabelJob, names: Collection[str]) -> dict[str, OwedLabels]:
    """What each chunk lacks now, as far as it can be made; a chunk without any is left out.

    A labeler waits where a space that it reads, or a member, lacks the chunk.
    """
    datasets = [job.documents, *job.spaces, *(labeler.dataset for labeler in job.labelers)]
    there = {dataset: committed_chunks(store, dataset) for dataset in datasets}
    found = {name: _owed(job, name, there) for name in names}
    return {name: some for name, some in found.items() if some.labelers}


def _owed(job: LabelJob, chunk: str, there: Mapping[str, Collection[str]]) -> OwedLabels:
    has = {dataset for dataset, chunks in there.items() if chunk in chunks}
    lacking = []
    for labeler in job.labelers:
        if labeler.dataset not in has and has.issuperset(labeler.sources):
            lacking.append(labeler)
            has.add(labeler.dataset)
    return OwedLabels(job.documents not in has, tuple(lacking))
