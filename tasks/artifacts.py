"""What a run leaves in Prefect's UI: a progress bar while it goes on, tables when it ends.

Those of labels are beside what they show: the processes that embed need not load that.
"""

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

from tasks.estimating.findings import CorpusEstimate
from tasks.estimating.words import estimate_headline, estimate_rows
from tasks.progress import Progress
from tasks.summary import RunSummary, summary_rows

_UPDATE_EVERY_S = 3.0

logger = logging.getLogger(__name__)


class ProgressArtifact:
    """The run's progress bar, moved every few seconds at most."""

    def __init__(self, corpus: str) -> None:
        self._id: object = None
        self._last = 0.0
        with unless_the_server_is_away():
            self._id = create_progress_artifact(
                progress=0.0,
                key="embed-corpus-progress",
                description=f"Documents of {corpus} that are committed or in work",
            )

    def show(self, progress: Progress) -> None:
        """Move the bar, if it is time or the end."""
        is_due = progress.seconds - self._last >= _UPDATE_EVERY_S
        is_last = progress.rows == progress.total_rows
        if isinstance(self._id, UUID) and (is_due or is_last):
            self._last = progress.seconds
            with unless_the_server_is_away():
                update_progress_artifact(self._id, progress.percent)


def create_summary_artifacts(summary: RunSummary) -> None:
    """The run's numbers as a table, and its problems and warnings as text if there are any."""
    with unless_the_server_is_away():
        create_table_artifact(
            key="embed-corpus-summary",
            table=[{"what": label, "value": value} for label, value in summary_rows(summary)],
            description=f"Corpus {summary.corpus}, seal {summary.seal}",
        )
        create_notes("embed-corpus-notes", summary.problems, summary.warnings + summary.tolerated)


def create_estimate_artifact(estimate: CorpusEstimate) -> None:
    """The estimate's figures as a table, what it comes to above it, and the notes after it."""
    with unless_the_server_is_away():
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
    with unless_the_server_is_away():
        create_table_artifact(
            key=key,
            table=[
                {"what": "name", "value": name},
                *({"what": "pooling", "value": pooling} for pooling in poolings),
            ],
            description=f"Kept in the store as {name}",
        )


def create_notes(key: str, problems: Sequence[str], notes: Sequence[str]) -> None:
    """Problems and warnings as text, if there are any."""
    lines = [*(f"- **{text}**" for text in problems), *(f"- {text}" for text in notes)]
    if lines:
        create_markdown_artifact("\n".join(lines), key=key)


@contextmanager
def unless_the_server_is_away() -> Iterator[None]:
    """What is only to be looked at must not fail a run that is well."""
    try:
        yield
    except (httpx.HTTPError, PrefectException) as error:
        logger.warning("Prefect's UI will lack something of this run: %s", error)
