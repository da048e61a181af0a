"""What a run leaves in Prefect's UI: a progress bar while it goes on, tables when it ends."""

from uuid import UUID

from prefect.artifacts import (
    create_markdown_artifact,
    create_progress_artifact,
    create_table_artifact,
    update_progress_artifact,
)

from tasks.progress import Progress
from tasks.summary import RunSummary

_SECONDS_BETWEEN_UPDATES = 3.0


class ProgressArtifact:
    """The run's progress bar, moved every few seconds at most."""

    def __init__(self, corpus: str) -> None:
        made: object = create_progress_artifact(
            progress=0.0,
            key="embed-corpus-progress",
            description=f"Documents of {corpus} committed",
        )
        assert isinstance(made, UUID)  # outside a coroutine it is not a promise
        self._id = made
        self._last = 0.0

    def show(self, progress: Progress) -> None:
        """Move the bar, if it is time or the end."""
        is_due = progress.seconds - self._last >= _SECONDS_BETWEEN_UPDATES
        if is_due or progress.documents == progress.total_documents:
            update_progress_artifact(self._id, progress.percent)
            self._last = progress.seconds


def create_summary_artifacts(summary: RunSummary) -> None:
    """The run's numbers as a table, and its problems and warnings as text if there are any."""
    create_table_artifact(
        key="embed-corpus-summary",
        table=[{"what": label, "value": value} for label, value in summary_rows(summary)],
        description=f"Corpus {summary.corpus}, seal {summary.seal}",
    )
    if summary.problems or summary.warnings or summary.tolerated:
        lines = [f"- **{text}**" for text in summary.problems]
        lines += [f"- {text}" for text in (*summary.warnings, *summary.tolerated)]
        create_markdown_artifact("\n".join(lines), key="embed-corpus-notes")


def summary_rows(summary: RunSummary) -> list[tuple[str, str]]:
    """The numbers that a person looks for, with their words."""
    share = summary.device_seconds / summary.seconds if summary.seconds else 0.0
    return [
        ("rows in the corpus", f"{summary.planned_documents:,}"),
        ("documents done by this run", f"{summary.documents:,}"),
        ("texts encoded", f"{summary.encoded:,}"),
        ("texts reused", f"{summary.reused:,}"),
        ("duplicates", f"{summary.duplicates:,}"),
        ("rows rejected", f"{summary.rejected:,}"),
        ("documents truncated", f"{summary.truncated:,}"),
        ("tokens", f"{summary.tokens:,}"),
        ("seconds", f"{summary.seconds:.1f}"),
        ("device busy", f"{share:.0%}"),
        ("device waited for the tokenizer (s)", f"{summary.wait_seconds:.1f}"),
        ("chunks owed", f"{summary.owed_chunks:,}"),
        ("catalog", summary.catalog),
    ]
