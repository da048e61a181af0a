"""What a training leaves in Prefect's UI."""

from prefect.artifacts import create_table_artifact

from tasks.artifacts import unless_the_server_is_away
from tasks.training.findings import Training
from tasks.training.words import TRAINING_COLUMNS, recommendation_words, training_rows


def create_training_artifact(training: Training) -> None:
    """The labelers side by side, and which one to promote."""
    with unless_the_server_is_away():
        create_table_artifact(
            key="train-labeler",
            table=[
                dict(zip(TRAINING_COLUMNS, row, strict=True)) for row in training_rows(training)
            ],
            description=recommendation_words(training),
        )
