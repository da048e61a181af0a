"""What a comparison says to the person in front of it: a table, a sentence, and where more is."""

from flows.console import console, print_rows
from tasks.comparing.comparison import Reported
from tasks.comparing.recommendation import chosen, recommend
from tasks.comparing.words import brief_headings, brief_row


def report_comparison(found: Reported, store: str) -> None:
    """Print the labelers, best first, what to use, and the page."""
    comparison = found.comparison
    print_rows(
        brief_headings(comparison),
        (brief_row(comparison, each) for each in comparison.ranked),
        wrapped="labeler",
    )
    console.print(
        f"On the test, with 95 % intervals; auto: the share that needs nobody at "
        f"{comparison.target_precision:.0%} precision; points: against {comparison.single}, and p "
        "of the paired test.",
        style="dim",
        markup=False,
    )
    console.print(recommend(comparison), style="bold", markup=False)
    console.print(f"The page: {found.page}", markup=False)
    name = comparison.labeler(chosen(comparison)).labeler
    console.print(f"Put it into force: python -m flows.promote {store} {name}", markup=False)
