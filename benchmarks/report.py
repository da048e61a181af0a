"""Show measurements: a table on the terminal, and Markdown in docs/performance.md."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from rich.table import Table

from benchmarks.results import ROOT, Figure, Measurement, console

PAGE = ROOT / "docs/performance.md"
BEGIN, END = "<!-- measured: begin -->\n", "<!-- measured: end -->\n"
COLUMNS = ("what", "median", "least", "most", "goal", "beside")


def show(found: Measurement) -> None:
    """Print one measurement."""
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    for column in COLUMNS:
        table.add_column(column, no_wrap=column not in ("what", "beside"))
    for figure in found.figures:
        table.add_row(*_cells(figure))
    console.print(f"\n[bold]{_title(found)}[/bold]: {found.about}")
    console.print(table)


def write_page(measurements: Sequence[Measurement], page: Path = PAGE) -> None:
    """Put the tables between the two marks of the page; all else on it stays."""
    before, rest = page.read_text().split(BEGIN)
    _, after = rest.split(END)
    page.write_text(f"{before}{BEGIN}{markdown(measurements)}{END}{after}")


def markdown(measurements: Sequence[Measurement]) -> str:
    """A section for each measurement; machines and versions once, at the end."""
    parts = [_section(one) for one in measurements]
    return "\n".join([*parts, *_places(measurements)]) + "\n"


def _section(found: Measurement) -> str:
    lines = [f"### {_title(found)}", "", f"{found.about} Measured {found.date} at {found.commit}."]
    lines += ["", f"| {' | '.join(COLUMNS)} |", "|" + "---|" * len(COLUMNS)]
    lines += [f"| {' | '.join(_cells(figure))} |" for figure in found.figures]
    return "\n".join([*lines, ""])


def _title(found: Measurement) -> str:
    words = found.piece.replace("_", " ").capitalize()
    return f"{words}, {found.corpus}" if found.corpus else words


def _cells(figure: Figure) -> tuple[str, ...]:
    numbers = (show_number(figure.value, figure.unit), *map(show_number, _spread(figure)))
    return (figure.what, *numbers, figure.goal, figure.note)


def _spread(figure: Figure) -> tuple[float | None, float | None]:
    return figure.least, figure.most


def show_number(value: float | None, unit: str = "") -> str:
    """Three figures that matter, and the unit; nothing for no value."""
    if value is None:
        return ""
    shown = f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"  # noqa: PLR2004
    return f"{shown} {unit}".strip()


def _places(measurements: Iterable[Measurement]) -> list[str]:
    """On which machines, with which versions; each once."""
    places = dict.fromkeys(
        f"{one.machine.split('; load')[0]}; {one.versions}" for one in measurements
    )
    return [f"Measured on {place}." for place in places]
