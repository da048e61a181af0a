"""What a night did, added up for its caller and for the tables that people read.

Knows receipts and what a seal says is owed. Writes nothing.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from pydantic import BaseModel, ConfigDict

from data import DriftFigure, SealOutcome, catalog_link
from tasks.figures import count_words
from tasks.labelling.job import LabelReceipt
from tasks.labelling.night import Night
from tasks.labelling.plan_labels import LabelWork

_FROZEN = ConfigDict(frozen=True, extra="forbid")
NOT_ACCURACY = (
    "that the texts have changed does not say that labels are wrong: look at some, with "
    "flows.export_review, and at the view audit."
)


class NightEnded(BaseModel):
    """How the labelling ended: receipts, what the night showed, and what went wrong if anything.

    `encoded` texts went through models on the way; `looked_at`: whether `night` was found out.
    """

    model_config = _FROZEN

    started_at: datetime
    receipts: tuple[LabelReceipt, ...]
    night: Night = Night()
    looked_at: bool = True
    encoded: int = 0
    problems: tuple[str, ...] = ()


class LabelSummary(BaseModel):
    """What a night did; `labelers` are the titles that it was about."""

    model_config = _FROZEN

    run: str
    corpus: str
    catalog: str
    labelers: tuple[str, ...]
    seal: int | None = None
    is_complete: bool = True
    planned_rows: int = 0
    encoded: int = 0
    documents: int = 0
    rejected: int = 0
    labelled: int = 0
    for_review: int = 0
    without_label: int = 0
    new_texts: int = 0
    audited: int = 0
    owed_chunks: int = 0
    seconds: float = 0.0
    drift: tuple[DriftFigure, ...] = ()
    problems: tuple[str, ...] = ()
    tolerated: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def summarize_night(work: LabelWork, ended: NightEnded, outcome: SealOutcome) -> LabelSummary:
    """Add up the receipts. A night is complete when no labeler that it was asked for owes a chunk.

    Files that a run was told to tolerate are not owed to it.
    """
    tolerates = work.request.run.tolerate_unreadable
    failures = [receipt for receipt in ended.receipts if receipt.failure]
    tolerated = [receipt for receipt in failures if receipt.is_unreadable and tolerates]
    problems = (
        *ended.problems,
        *(each.failure or "" for each in failures if each not in tolerated),
        *(() if tolerates else work.unreadable),
    )
    owed = _owed_chunks(work, outcome, tolerates) - {receipt.chunk for receipt in tolerated}
    counts = ("documents", "rejected", "labelled", "for_review", "without_label")
    return LabelSummary(
        run=work.job.run,
        corpus=work.request.corpus.name,
        catalog=str(catalog_link(work.job.store.path)),
        labelers=tuple(labeler.title for labeler in work.job.asked),
        seal=outcome.seal.number,
        is_complete=not problems and not owed,
        planned_rows=work.num_rows,
        encoded=ended.encoded,
        new_texts=max(ended.night.new_texts.values(), default=0),
        audited=len({(draw.chunk, draw.row) for draw in ended.night.audit}),
        owed_chunks=len(owed),
        seconds=(datetime.now(UTC) - ended.started_at).total_seconds(),
        drift=ended.night.drift,
        problems=problems,
        tolerated=(
            *(work.unreadable if tolerates else ()),
            *(each.failure or "" for each in tolerated),
        ),
        warnings=tuple(_warnings(ended)),
        **{name: sum(getattr(each, name) for each in ended.receipts) for name in counts},
    )


def _owed_chunks(work: LabelWork, outcome: SealOutcome, tolerates: bool) -> set[str]:
    """Chunks that a labeler owes; without those of files that embed-corpus was to tolerate."""
    owed = {name: set(chunks) for name, chunks in outcome.owed.items()}
    spaces = set().union(*(owed.get(name, set()) for name in work.job.spaces))
    labels = set().union(*(owed.get(labeler.dataset, set()) for labeler in work.job.labelers))
    return labels - spaces if tolerates else labels | spaces


def _warnings(ended: NightEnded) -> Iterator[str]:
    yield from ended.night.warnings
    for figure in ended.night.drift:
        if figure.look:
            yield (
                f"{figure.labeler}: the new texts are unlike those of its test "
                f"({figure.statistic} {figure.value:.3g}, of {figure.n:,} texts; an unchanged "
                f"night stays below {figure.limit:.3g} 99 times of 100); {NOT_ACCURACY}"
            )


def night_rows(summary: LabelSummary) -> list[tuple[str, str]]:
    """The numbers that a person looks for, with their words."""
    return [
        ("labelers", ", ".join(summary.labelers)),
        ("rows in the corpus", f"{summary.planned_rows:,}"),
        ("texts encoded", f"{summary.encoded:,}"),
        ("texts that are new to a labeler", f"{summary.new_texts:,}"),
        ("labels decided", f"{summary.labelled:,}"),
        ("of these for review", f"{summary.for_review:,}"),
        ("documents without a label", f"{summary.without_label:,}"),
        ("drawn for the audit", f"{summary.audited:,}"),
        ("chunks owed", f"{summary.owed_chunks:,}"),
        ("seconds", f"{summary.seconds:.1f}"),
        ("catalog", summary.catalog),
    ]


def drift_words(figures: Sequence[DriftFigure]) -> list[tuple[str, ...]]:
    """A row for each figure: whose, what, the figure, its limit, of how many texts, and a call."""
    return [
        (
            figure.labeler,
            figure.statistic.replace("_", " "),
            f"{figure.value:.3g}",
            f"{figure.limit:.3g}",
            f"{figure.n:,}",
            "look" if figure.look else "above" if figure.value > figure.limit else "",
        )
        for figure in figures
    ]


def what_night_owes(summary: LabelSummary) -> str:
    """One line for Prefect's state, the details after it."""
    owed = "is not whole"
    if summary.owed_chunks:
        owed = f"owes {count_words(summary.owed_chunks, 'chunk')}"
    head = f"Corpus {summary.corpus} {owed}. What is there is published in {summary.catalog}."
    return "\n".join([head, *(f"  {problem}" for problem in summary.problems)])
