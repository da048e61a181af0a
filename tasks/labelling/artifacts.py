"""What a night leaves in Prefect's UI."""

from prefect.artifacts import create_table_artifact

from tasks.artifacts import create_notes, unless_the_server_is_away
from tasks.labelling.summary import NOT_ACCURACY, LabelSummary, night_rows


def create_night_artifacts(summary: LabelSummary) -> None:
    """The night's numbers, and drift beside its limits; problems and warnings as text."""
    with unless_the_server_is_away():
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
        create_notes("label-corpus-notes", summary.problems, summary.warnings + summary.tolerated)
