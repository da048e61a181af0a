"""How far a run is: what is committed, by the records, and what is in work, by the processes.

Knows no runner. Who shows it decides how: a callback gets each reading.
"""

import contextvars
import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from data import (
    OpenStore,
    StoreError,
    committed_chunks,
    load_plan,
    open_existing_store,
    read_record,
)
from tasks.in_work import IN_WORK
from tasks.plan_corpus import Work

_log = logging.getLogger(__name__)

_READ_EVERY_S = 0.5
_WAIT_PER_READING = 20  # a store of many chunks takes long to list: look at it less often


@dataclass(frozen=True, slots=True)
class Progress:
    """How much is done at some moment.

    Attributes:
        rows: Committed.
        in_work: Ready and not committed: lost if the run is killed.
        total_rows: Owed at the start.
        tokens: Of the committed rows.
        seconds: Since the start.
        commit_seconds: When the newest commit was seen.
        seconds_left: At the speed since the first row was ready; None while none is known.
    """

    rows: int
    in_work: int
    total_rows: int
    tokens: int
    seconds: float
    commit_seconds: float
    seconds_left: float | None

    @property
    def done(self) -> int:
        """Rows that need no more work, if nothing happens to them."""
        return self.rows + self.in_work

    @property
    def percent(self) -> float:
        """Of the rows that were owed at the start."""
        return 100 * self.done / self.total_rows if self.total_rows else 100.0

    @property
    def tokens_per_second(self) -> float:
        """Up to the newest commit, loading the model included."""
        return self.tokens / self.commit_seconds if self.commit_seconds else 0.0


@contextmanager
def watched(work: Work, show: Callable[[Progress], None]) -> Iterator[None]:
    """Call `show` about twice a second while the block lasts, and once more at its end."""
    watch = _Watch(work)
    IN_WORK.forget()  # what was encoded before, for something else
    done = threading.Event()

    def look() -> None:
        wait_s = _READ_EVERY_S
        while not done.wait(wait_s):
            started = time.monotonic()
            _show_now(watch, show)
            wait_s = max(_READ_EVERY_S, _WAIT_PER_READING * (time.monotonic() - started))

    thread = threading.Thread(target=contextvars.copy_context().run, args=(look,), daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
        IN_WORK.forget()
        _show_now(watch, show)


def _show_now(watch: "_Watch", show: Callable[[Progress], None]) -> None:
    """What is only to be looked at must not fail a run that is well."""
    try:
        progress = watch.read()
    except (OSError, StoreError, ValueError) as error:
        _log.warning("the progress cannot be read: %s", error)
    else:
        show(progress)


class _Watch:
    """Remembers which records it has read, so that each is read once."""

    def __init__(self, work: Work) -> None:
        self._store: OpenStore = open_existing_store(work.job.store.path)
        self._datasets = [work.job.documents, *(space.dataset for space in work.job.spaces)]
        self._total = work.pending_rows
        plan = load_plan(self._store, work.job.plan)
        owed = set(work.chunks)
        self._owed_rows = {chunk.name: chunk.rows for chunk in plan.chunks if chunk.name in owed}
        self._rows = self._tokens = 0
        self._begin: tuple[float, int] | None = None
        self._started = time.monotonic()
        self._commit_seconds = 0.0

    def read(self) -> Progress:
        committed = set.intersection(
            *(committed_chunks(self._store, name) for name in self._datasets)
        )
        seconds = time.monotonic() - self._started
        for chunk in committed & self._owed_rows.keys():
            self._commit_seconds = seconds
            self._rows += self._owed_rows.pop(chunk)
            self._tokens += read_record(self._store, self._datasets[-1], chunk).statistics.tokens
        in_work = min(IN_WORK.documents(), self._total - self._rows)
        done = self._rows + in_work
        if done and self._begin is None:
            self._begin = seconds, done
        return Progress(
            rows=self._rows,
            in_work=in_work,
            total_rows=self._total,
            tokens=self._tokens,
            seconds=seconds,
            commit_seconds=self._commit_seconds,
            seconds_left=self._seconds_left(seconds, done),
        )

    def _seconds_left(self, seconds: float, done: int) -> float | None:
        if done == self._total:
            return 0.0
        if self._begin is None or done <= self._begin[1]:
            return None
        begun_at, begun_with = self._begin
        return (seconds - begun_at) / (done - begun_with) * (self._total - done)
