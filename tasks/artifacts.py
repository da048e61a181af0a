"""What a run leaves in Prefect's UI: a progress bar while it goes on, tables when it ends."""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from uuid import UUID

import httpx
from prefect.artifacts import (
    create_markdown_artifact,
    create_progress_artifact,
    create_table_artifact,
    update_progress_artifact,
)
from prefect.exceptions import PrefectException

from tasks.comparing.comparison import Reported
from tasks.comparing.recommendation import recommend
from tasks.comparing.words import difference_headings, difference_row, table_headings, table_row
from tasks.estimating.findings import CorpusEstimate
from tasks.estimating.words import estimate_headline, estimate_rows
from tasks.labelling.summary import NOT_ACCURACY, LabelSummary, night_rows
from tasks.progress import Progress
from tasks.summary import RunSummary, summary_rows
from tasks.training.findings import Training
from tasks.training.words import TRAINING_COLUMNS, recommendation_words, training_rows

_UPDATE_EVERY_S = 3.0

logger = logging.getLogger(__name__)


class ProgressArtifact:
    """The run's progress bar, moved every few seconds at most."""

    def __init__(self, corpus: str) -> None:
        self._id: object = None
        self._last = 0.0
        with _unless_the_server_is_away():
            self._id = create_progress_artifact(
                progress=0.0,
                key="embed-corpus-progress",
                description=f"Documents of {corpus} committed",
            )

    def show(self, progress: Progress) -> None:
        """Move the bar, if it is time or the end."""
        is_due = progress.seconds - self._last >= _UPDATE_EVERY_S
        is_last = progress.rows == progress.total_rows
        if isinstance(self._id, UUID) and (is_due or is_last):
            self._last = progress.seconds
            with _unless_the_server_is_away():
                update_progress_artifact(self._id, progress.percent)


def create_summary_artifacts(summary: RunSummary) -> None:
    """The run's numbers as a table, and its problems and warnings as text if there are any."""
    with _unless_the_server_is_away():
        create_table_artifact(
            key="embed-corpus-summary",
            table=[{"what": label, "value": value} for label, value in summary_rows(summary)],
            description=f"Corpus {summary.corpus}, seal {summary.seal}",
        )
        _create_notes("embed-corpus-notes", summary.problems, summary.warnings + summary.tolerated)


def create_estimate_artifact(estimate: CorpusEstimate) -> None:
    """The estimate's figures as a table, what it comes to above it, and the notes after it."""
    with _unless_the_server_is_away():
        create_table_artifact(
            key="estimate-corpus",
            table=[
                *({"what": label, "value": value} for label, value in estimate_rows(estimate)),
                *({"what": "note", "value": note} for note in estimate.notes),
            ],
            description=estimate_headline(estimate),
        )


def create_fitted_artifact(key: str, name: str, poolings: Sequence[str]) -> None:
    """What was fitted: its name, and the poolings that use it, to paste."""
    with _unless_the_server_is_away():
        create_table_artifact(
            key=key,
            table=[
                {"what": "name", "value": name},
                *({"what": "pooling", "value": pooling} for pooling in poolings),
            ],
            description=f"Kept in the store as {name}",
        )


def create_training_artifact(training: Training) -> None:
    """The labelers side by side, and which one to promote."""
    with _unless_the_server_is_away():
        create_table_artifact(
            key="train-labeler",
            table=[
                dict(zip(TRAINING_COLUMNS, row, strict=True)) for row in training_rows(training)
            ],
            description=recommendation_words(training),
        )


def create_comparison_artifacts(found: Reported) -> None:
    """The labelers, best first, with their paired tests; what to use, and where the page is."""
    comparison = found.comparison
    headings = [*table_headings(comparison), *difference_headings(comparison)[1:]]
    rows = [
        [*table_row(comparison, each), *difference_row(comparison, each)[1:]]
        for each in comparison.ranked
    ]
    advice = recommend(comparison)
    with _unless_the_server_is_away():
        create_table_artifact(
            key="compare-poolings",
            table=[_distinct(headings, row) for row in rows],
            description=advice,
        )
        create_markdown_artifact(
            f"{advice}\n\nThe page: `{found.page}`", key="compare-poolings-advice"
        )


def _distinct(headings: Sequence[str], row: Sequence[str]) -> dict[str, str]:
    """A row by its headings; a p belongs to the column before it."""
    named = [f"{headings[n - 1]}: p" if each == "p" else each for n, each in enumerate(headings)]
    return dict(zip(named, row, strict=True))


def create_night_artifacts(summary: LabelSummary) -> None:
    """The night's numbers, and drift beside its limits; problems and warnings as text."""
    with _unless_the_server_is_away():
        create_table_artifact(
            key="label-corpus-summary",
            table=[{"what": label, "value": value} for label, value in night_rows(summary)],
            description=f"Corpus {summary.corpus}, seal {summary.seal}",
        )
        if summary.drift:
            create_table_artifact(
                key="label-corpus-drift",
                table=[figure.model_dump() for figure in summary.drift],
                description=f"How the new texts differ from those of the tests; {NOT_ACCURACY}",
            )
        _create_notes("label-corpus-notes", summary.problems, summary.warnings + summary.tolerated)


def _create_notes(key: str, problems: Sequence[str], notes: Sequence[str]) -> None:
    lines = [*(f"- **{text}**" for text in problems), *(f"- {text}" for text in notes)]
    if lines:
        create_markdown_artifact("\n".join(lines), key=key)


@contextmanager
def _unless_the_server_is_away() -> Iterator[None]:
    """What is only to be looked at must not fail a run that is well."""
    try:
        yield
    except (httpx.HTTPError, PrefectException) as error:
        logger.warning("Prefect's UI will lack something of this run: %s", error)
