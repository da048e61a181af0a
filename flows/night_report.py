"""What a night says to the person in front of it: before and after. Knows rich, no store."""

from rich.table import Table

from flows.console import console, print_rows
from flows.report import warn
from tasks.figures import count_words
from tasks.labelling.plan_labels import LabelWork
from tasks.labelling.summary import LabelSummary, drift_words, night_rows

DRIFT_COLUMNS = ("labeler", "what", "is", "an unchanged night: below", "texts", "")


def announce_night(work: LabelWork) -> None:
    """Say which labelers are asked, and what they need, before any model is loaded."""
    titles = ", ".join(labeler.title for labeler in work.job.asked)
    members = len(work.job.labelers) - len(work.job.asked)
    besides = f", and {count_words(members, 'member')} of them" if members else ""
    console.print(
        f"Corpus {work.request.corpus.name}: {work.num_rows:,} rows; labelers {titles}{besides}.",
        markup=False,
    )
    for problem in work.unreadable:
        console.print(f"Cannot be read: {problem}", style="yellow", markup=False)
    if not work.to_embed:
        console.print("Every vector that they need is stored: no encoder is loaded.")


def report_night(summary: LabelSummary) -> None:
    """The night in a few lines, drift, and what the user should know."""
    table = Table(show_header=False, box=None, padding=(0, 2, 0, 0))
    for label, value in night_rows(summary):
        table.add_row(label, value)
    console.print(table)
    if summary.drift:
        console.print("Drift of the new texts, which is not accuracy:", style="bold")
        print_rows(DRIFT_COLUMNS, drift_words(summary.drift))
    for warning in summary.warnings:
        warn(warning)
    for problem in summary.tolerated:
        warn(f"tolerated: {problem}")
