"""Show what was measured of labelers: a table on the terminal, and tables in docs/log.md."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from rich.table import Table

from benchmarks.results import ROOT, Figure, Measurement, console
from labeling import Metric, PairedTest

PAGE = ROOT / "docs/log.md"
BEGIN, END = "<!-- labels: begin -->\n", "<!-- labels: end -->\n"
COLUMNS = ("what", "figure", "95 % interval", "asked for", "beside")
POINTS = "points"


def metric_figure(what: str, metric: Metric, *, goal: str = "", note: str = "") -> Figure:
    """A figure of an evaluation, with its bootstrap interval."""
    spread = {"least": metric.low, "most": metric.high} if metric.low < metric.high else {}
    return Figure(what=what, value=metric.value, unit="", goal=goal, note=note, **spread)


def paired_figure(test: PairedTest, *, goal: str = "", note: str = "") -> Figure:
    """The first minus the second, in points of accuracy, with the p-value of McNemar's test."""
    words = f"McNemar p = {test.p_value:.2g}"
    return Figure(
        what=f"{test.first} minus {test.second}",
        value=100 * test.difference,
        least=100 * test.low,
        most=100 * test.high,
        unit=POINTS,
        goal=goal,
        note=f"{words}; {note}" if note else words,
    )


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


def markdown(measurements: Iterable[Measurement]) -> str:
    """A section for each measurement."""
    return "\n".join(_section(one) for one in measurements)


def _section(found: Measurement) -> str:
    lines = [f"### {_title(found)}", "", f"{found.about} Measured {found.date} at {found.commit}."]
    lines += ["", f"| {' | '.join(COLUMNS)} |", "|" + "---|" * len(COLUMNS)]
    lines += [f"| {' | '.join(_cells(figure))} |" for figure in found.figures]
    return "\n".join([*lines, ""])


def _title(found: Measurement) -> str:
    return f"{found.piece.replace('_', ' ').capitalize()}: {found.corpus}"


def _cells(figure: Figure) -> tuple[str, ...]:
    interval = ""
    if figure.least is not None:
        interval = f"{_number(figure.least, figure)} to {_number(figure.most, figure)}"
    return (figure.what, _number(figure.value, figure), interval, figure.goal, figure.note)


def _number(value: float | None, figure: Figure) -> str:
    if value is None:
        return ""
    return f"{value:+.2f} points" if figure.unit == POINTS else f"{value:.3f}"
