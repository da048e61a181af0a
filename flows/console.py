"""The one place from which Poolhouse talks to a person. Knows rich, nothing else."""

from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

console = Console(highlight=False, soft_wrap=True)


def show_value(value: object) -> str:
    """A value for a person: numbers to three places, and texts as they are, brackets included."""
    return f"{value:.3f}" if isinstance(value, float) else str(value)


def print_rows(
    names: Sequence[str], rows: Iterable[Sequence[object]], *, wrapped: str = "text"
) -> None:
    """Print a table; one column is wrapped, all else is whole, folded if there is no room."""
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    for name in names:
        table.add_column(name, no_wrap=name != wrapped, overflow="fold")
    for row in rows:
        table.add_row(*(Text(show_value(cell)) for cell in row))
    console.print(table)
