"""The one place from which Poolhouse talks to a person. Knows rich, nothing else."""

from collections.abc import Iterable, Sequence

from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

console = Console(highlight=False, soft_wrap=True)
_NARROWEST = 20  # characters of a column that is wrapped
_GAP = 2


def show_value(value: object) -> str:
    """A value for a person: numbers to three places, and texts as they are, brackets included."""
    return f"{value:.3f}" if isinstance(value, float) else str(value)


def print_rows(
    names: Sequence[str], rows: Iterable[Sequence[object]], *, wrapped: str = "text"
) -> None:
    """Print a table; one column is wrapped, all else is whole.

    Where there is no room for that, the lines are longer than the terminal: nothing is left out.
    """
    cells = [[show_value(cell) for cell in row] for row in rows]
    table = Table(box=None, padding=(0, _GAP, 0, 0), header_style="bold")
    needed = 0
    for place, name in enumerate(names):
        width = max(cell_len(text) for text in (name, *(row[place] for row in cells)))
        table.add_column(name, no_wrap=name != wrapped, overflow="fold")
        needed += _GAP + (min(width, _NARROWEST) if name == wrapped else width)
    for row in cells:
        table.add_row(*map(Text, row))
    table.width = needed if needed > console.width else None
    console.print(table)
