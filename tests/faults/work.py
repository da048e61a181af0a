"""What the processes of these tests do. Imports the data room alone, and is imported by the process
from which they are forked.

Knows where a process is to die: at a call of the store, or at a touch of a file below it.
"""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.dataset  # noqa: F401 - what pyarrow imports when a file is first read; before the fork

from data import CorpusSpec, Dataset, LocalStore, publish_catalog
from tests.faults.faulty_store import Fault, FaultyStore, kill_this_process, no_fault
from tests.faults.runs import begin_run, do_chunks, end_run

# What Python tells of files before it touches them: every verb consists of these, and so does the
# swap of the catalog. DuckDB's own files are not among them.
_TOUCHES = {"open", "os.link", "os.mkdir", "os.remove", "os.rename", "os.symlink"}


@dataclass(frozen=True)
class Job:
    """Which store, which corpus, which spaces."""

    store: Path
    corpus: CorpusSpec
    spaces: tuple[Dataset, ...]
    name: str = "run"
    chunk_rows: int = 10

    @property
    def sources(self) -> Path:
        """The folder of the corpus."""
        return Path(self.corpus.path)


def commit_all(job: Job, fault: Fault = no_fault) -> None:
    """List the corpus and commit what is owed."""
    store = FaultyStore(LocalStore(job.store), fault)
    do_chunks(store, begin_run(store, job.corpus, *job.spaces, chunk_rows=job.chunk_rows))


def do_all(job: Job, fault: Fault = no_fault) -> None:
    """A whole run."""
    store = FaultyStore(LocalStore(job.store), fault)
    run = begin_run(store, job.corpus, *job.spaces, name=job.name, chunk_rows=job.chunk_rows)
    do_chunks(store, run)
    end_run(store, run)


def publish(job: Job, fault: Fault = no_fault) -> None:
    """Build the catalog of what is sealed."""
    publish_catalog(FaultyStore(LocalStore(job.store), fault))


class Touches:
    """Counts the touches of files below a folder, and dies at one of them."""

    def __init__(self, folder: Path, deadly: int | None = None) -> None:
        self._folder, self._deadly = str(folder), deadly
        self.seen: list[str] = []
        self.is_counting = True

    def __call__(self, event: str, given: tuple[Any, ...]) -> None:
        if not self.is_counting or event not in _TOUCHES:
            return
        if any(str(each).startswith(self._folder) for each in given):
            self.seen.append(event)
            if len(self.seen) == self._deadly:
                kill_this_process()


def die_at_touch(work: Any, job: Job, number: int) -> None:
    """Do the work and be killed just before the touch of that number."""
    sys.addaudithook(Touches(job.store, number))
    work(job)


def count_touches(work: Any, job: Job) -> list[str]:
    """Do the work in this process and say what was touched."""
    touches = Touches(job.store)
    sys.addaudithook(touches)  # it cannot be taken away again
    try:
        work(job)
    finally:
        touches.is_counting = False
    return touches.seen
