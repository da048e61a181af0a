"""What a labelling task is told and what it answers: names in, counts out. No text, no vector."""

from typing import Literal

from pydantic import BaseModel, ConfigDict

from data import StoreSpec

_FROZEN = ConfigDict(frozen=True, extra="forbid")


class LabelerJob(BaseModel):
    """One labeler to run: its name in the store, and the dataset that its labels go to.

    Attributes:
        title: What it is called from version to version.
        reads: What it reads: vectors, texts, or labels.
        sources: The datasets that it reads: its space, or its members'; none if it reads texts.
        is_asked: Whether the run is about it; if not, it is a member of one that is.
    """

    model_config = _FROZEN

    name: str
    title: str
    dataset: str
    reads: Literal["space", "text", "members"]
    sources: tuple[str, ...] = ()
    is_asked: bool = True


class LabelJob(BaseModel):
    """All that the tasks of a run share. Members come before what reads their labels."""

    model_config = _FROZEN

    store: StoreSpec
    run: str
    plan: str
    documents: str
    labelers: tuple[LabelerJob, ...]

    @property
    def spaces(self) -> tuple[str, ...]:
        """Every space that a labeler reads, once."""
        readers = (labeler for labeler in self.labelers if labeler.reads == "space")
        return tuple(dict.fromkeys(name for labeler in readers for name in labeler.sources))

    @property
    def asked(self) -> tuple[LabelerJob, ...]:
        """The labelers that the run is about."""
        return tuple(labeler for labeler in self.labelers if labeler.is_asked)


class LabelReceipt(BaseModel):
    """What one chunk came to. `failure` says why it could not be done.

    Attributes:
        labelled: Decisions, one for each document and labeler that the run is about.
        for_review: How many of them a person is to look at.
        without_label: Documents that a labeler could not read, likewise for each.
        documents: Documents that this run was the first to see.
        datasets: The labels that this run was the first to commit.
        is_unreadable: Its file is damaged, which a run may tolerate.
    """

    model_config = _FROZEN

    chunk: str
    place: str
    labelled: int = 0
    for_review: int = 0
    without_label: int = 0
    documents: int = 0
    rejected: int = 0
    seconds: float = 0.0
    datasets: tuple[str, ...] = ()
    is_unreadable: bool = False
    failure: str | None = None

    def with_labels(
        self, labeler: LabelerJob, *, labelled: int, for_review: int, without_label: int
    ) -> "LabelReceipt":
        """With what a labeler has committed of the chunk; decisions count if it was asked."""
        made = {"datasets": (*self.datasets, labeler.dataset)}
        if not labeler.is_asked:
            return self.model_copy(update=made)
        counts = {
            "labelled": self.labelled + labelled,
            "for_review": self.for_review + for_review,
            "without_label": self.without_label + without_label,
        }
        return self.model_copy(update=made | counts)
