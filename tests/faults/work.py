"""What the processes of these tests do. Imports the data room alone, and is imported by the process
from which they are forked.

Knows where a process is to die: at a call of the store, or at a touch of a file below it.
"""

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.dataset  # noqa: F401 - what pyarrow imports when a file is first read; before the fork

from data import (
    CATALOG,
    CorpusSpec,
    Dataset,
    OpenStore,
    make_plan,
    publish_catalog,
    read_chunks,
    run_query,
    store_at,
)
from tests.faults.accounts import account
from tests.faults.faulty_store import (
    Call,
    Fault,
    FaultyStore,
    Moment,
    kill_this_process,
    no_fault,
    stop_this_process,
)
from tests.faults.runs import begin_run, do_chunks, end_run

# What Python tells of files before it touches them: every verb consists of these, and so does the
# swap of the catalog. DuckDB's own files are not among them.
_TOUCHES = {"open", "os.link", "os.mkdir", "os.remove", "os.rename", "os.symlink"}


@dataclass(frozen=True)
class Job:
    """Which store, which corpus, which spaces."""

    store: Path | str
    corpus: CorpusSpec
    spaces: tuple[Dataset, ...]
    name: str = "run"
    chunk_rows: int = 10
    environment: Mapping[str, str] = field(default_factory=dict)

    @property
    def sources(self) -> Path:
        """The folder of the corpus."""
        return Path(self.corpus.path)

    def open(self) -> OpenStore:
        """Its store, as it is, in a process that may have been forked before there was one."""
        os.environ.update(self.environment)
        return store_at(str(self.store))


def commit_all(job: Job, fault: Fault = no_fault) -> None:
    """List the corpus and commit what is owed."""
    store = FaultyStore(job.open(), fault)
    do_chunks(store, begin_run(store, job.corpus, *job.spaces, chunk_rows=job.chunk_rows))


def do_all(job: Job, fault: Fault = no_fault) -> None:
    """A whole run."""
    store = FaultyStore(job.open(), fault)
    run = begin_run(store, job.corpus, *job.spaces, name=job.name, chunk_rows=job.chunk_rows)
    do_chunks(store, run)
    end_run(store, run)


def publish(job: Job, fault: Fault = no_fault) -> None:
    """Build the catalog of what is sealed."""
    publish_catalog(FaultyStore(job.open(), fault))


class StopWhileBuilding:
    """A fault: stops its process once, at its first call while a catalog is being built."""

    def __init__(self, store: Path) -> None:
        self._folder, self._is_done = store / "catalog", False

    def __call__(self, _call: Call, _moment: Moment) -> None:
        if not self._is_done and any(self._folder.glob("*.building")):
            self._is_done = True
            stop_this_process()


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


def read_within(job: Job, size_bytes: int) -> None:
    """Read the whole corpus; memory may grow by so much over that of reading one chunk."""
    plan = make_plan(job.corpus, chunk_rows=job.chunk_rows, chunk_bytes=1 << 25)
    next(read_chunks(plan, plan.chunks[:1]))
    before = _peak_bytes()
    rows = sum(each.chunk.rows for each in read_chunks(plan, plan.chunks))
    assert rows == plan.rows
    assert _peak_bytes() - before < size_bytes


def _peak_bytes() -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return 1024 * next(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))


def read_until(job: Job, run: str) -> None:
    """Open the catalog again and again until it shows that run; it must be whole every time."""
    while True:
        assert all(account(job.store / CATALOG, job.sources, each).is_good for each in job.spaces)
        if run in {name for (name,) in run_query(job.store / CATALOG, "SELECT run FROM runs")[1]}:
            return


def write_and_die(catalog: Path) -> None:
    """Add a row to a catalog, as no program of ours does, and be killed before it is in."""
    connection = duckdb.connect(str(catalog))
    connection.execute("INSERT INTO documents (chunk) VALUES ('strange')")
    kill_this_process()


def hold_catalog(catalog: Path) -> None:
    """Keep a catalog open for writing."""
    connection = duckdb.connect(str(catalog))
    stop_this_process()
    connection.close()
