"""What a training says to the person in front of it: the labelers side by side, and what to do."""

from flows.console import console, print_rows
from flows.report import warn
from tasks.training.findings import Training
from tasks.training.words import (
    TRAINING_COLUMNS,
    TRAINING_LEGEND,
    baseline_words,
    recommendation_words,
    training_rows,
)


def report_training(found: Training, store: str, *, promotes: bool = False) -> None:
    """Print the table, what the baseline says, and how to promote the best unless that is next."""
    print_rows(TRAINING_COLUMNS, training_rows(found), wrapped="labeler")
    console.print(TRAINING_LEGEND, style="dim", markup=False)
    if said := baseline_words(found):
        warn(said)
    console.print(recommendation_words(found), style="bold", markup=False)
    if not promotes:
        name = found.labeler(found.recommended).name
        console.print(f"Put it into force: python -m flows.promote {store} {name}", markup=False)
