"""What a run says to the person in front of it: before, during and after. Knows rich, no store."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.progress import BarColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bar
from rich.table import Table

from flows.console import console
from tasks.figures import count_words, duration_words, size_words
from tasks.plan_corpus import Work
from tasks.progress import Progress
from tasks.summary import RunSummary, summary_rows

_LINE_EVERY_S = 5.0


def announce(work: Work) -> None:
    """Say what is to be done before any model is loaded."""
    request = work.request
    spaces = ", ".join(space.slug for space in work.job.spaces)
    console.print(
        f"Corpus {request.corpus.name}: {work.planned_rows:,} rows in "
        f"{count_words(work.num_chunks, 'chunk')}; spaces {spaces}.",
        markup=False,
    )
    for problem in work.unreadable:
        console.print(f"Cannot be read: {problem}", style="yellow", markup=False)
    if work.chunks:
        console.print(
            f"To do: {work.pending_rows:,} rows in {count_words(len(work.chunks), 'chunk')}, "
            f"{size_words(work.read_bytes)} of columns to read, "
            f"{size_words(work.vector_bytes)} of vectors."
        )
    else:
        console.print("Nothing to do: every chunk is committed.")


@contextmanager
def progress_line(total: int) -> Iterator[Callable[[Progress], None]]:
    """A live bar on a terminal, elsewhere a line every few seconds; nothing for nothing to do."""
    if not total:
        yield lambda progress: None
    elif console.is_terminal:
        columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
        with Bar(*columns, console=console, transient=True) as bar:
            task = bar.add_task("loading the model", total=total)
            yield lambda p: bar.update(task, completed=p.done, description=_words(p))
    else:
        yield _Lines().show


class _Lines:
    """Progress for a log file."""

    def __init__(self) -> None:
        self._last = 0.0
        self._is_done = False

    def show(self, progress: Progress) -> None:
        is_done = progress.rows == progress.total_rows
        is_time = progress.seconds - self._last >= _LINE_EVERY_S
        if not self._is_done and (is_done or is_time):
            console.print(_words(progress))
            self._last, self._is_done = progress.seconds, is_done


def report(summary: RunSummary, work: Work) -> None:
    """The run in a few lines, and what the user should know. Problems are the run's error."""
    if work.chunks:  # else zeros
        table = Table(show_header=False, box=None, padding=(0, 2, 0, 0))
        for label, value in summary_rows(summary):
            table.add_row(label, value)
        console.print(table)
    if summary.spaces:
        console.print(f"In SQL: {', '.join(summary.spaces)}", markup=False)
    for warning in summary.warnings:
        warn(warning)
    for problem in summary.tolerated:
        warn(f"tolerated: {problem}")


def warn(text: str | None) -> None:
    """Say what the user should know and may want to stop for, if there is anything."""
    if text:
        console.print(f"Note: {text}", style="yellow", markup=False)


def _words(progress: Progress) -> str:
    left = progress.seconds_left
    parts = [f"{progress.rows:,} of {progress.total_rows:,} documents committed"]
    if progress.in_work:
        parts.append(f"{progress.in_work:,} in work")
    if progress.tokens:
        parts.append(f"{progress.tokens_per_second:,.0f} tokens/s")
    parts.append(f"{progress.percent:.0f} %")
    if left is not None:
        parts.append(f"{duration_words(left)} left")
    return ", ".join(parts)
