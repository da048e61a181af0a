"""What a comparison leaves in Prefect's UI."""

from collections.abc import Sequence

from prefect.artifacts import create_markdown_artifact, create_table_artifact

from tasks.artifacts import unless_the_server_is_away
from tasks.comparing.comparison import Reported
from tasks.comparing.recommendation import recommend
from tasks.comparing.words import difference_headings, difference_row, table_headings, table_row


def create_comparison_artifacts(found: Reported) -> None:
    """The labelers, best first, with their paired tests; what to use, and where the page is."""
    comparison = found.comparison
    headings = [*table_headings(comparison), *difference_headings(comparison)[1:]]
    rows = [
        [*table_row(comparison, each), *difference_row(comparison, each)[1:]]
        for each in comparison.ranked
    ]
    advice = recommend(comparison)
    with unless_the_server_is_away():
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
