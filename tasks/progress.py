"""How far a run is, read off the commit records while it goes on: true for any runner.

Knows the store alone. Who shows it decides how: a callback gets each reading.
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
from tasks.plan_corpus import Work

_log = logging.getLogger(__name__)

_READ_EVERY_S = 0.5
_WAIT_PER_READING = 20  # a store of many chunks takes long to list: look at it less often


@dataclass(frozen=True, slots=True)
class Progress:
    """Rows and tokens that are committed, and the seconds since the start.

    `commit_seconds`: when the newest of these was seen. What is being done since is not known.
    """

    rows: int
    total_rows: int
    tokens: int
    seconds: float
    commit_seconds: float

    @property
    def percent(self) -> float:
        """Of the rows that were owed at the start."""
        return 100 * self.rows / self.total_rows if self.total_rows else 100.0

    @property
    def tokens_per_second(self) -> float:
        """Up to the newest commit, loading the model included."""
        return self.tokens / self.commit_seconds if self.commit_seconds else 0.0

    @property
    def seconds_left(self) -> float | None:
        """At the speed so far; None before the first chunk is committed."""
        if not self.rows:
            return None
        needed = self.commit_seconds * (self.total_rows - self.rows) / self.rows
        return max(0.0, needed - (self.seconds - self.commit_seconds))


@contextmanager
def watched(work: Work, show: Callable[[Progress], None]) -> Iterator[None]:
    """Call `show` about twice a second while the block lasts, and once more at its end."""
    watch = _Watch(work)
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
        return Progress(self._rows, self._total, self._tokens, seconds, self._commit_seconds)
