"""Case 15: garbage is collected beside workers amid a chunk; nothing named or young goes."""

import os
import signal
from collections.abc import Callable, Iterator
from multiprocessing.process import BaseProcess
from pathlib import Path

import pytest

from data import CATALOG, LocalStore, newest_catalog, newest_seal
from data.upkeep.garbage import Garbage, clock_of, list_garbage, list_superseded
from data.upkeep.verifying import find_damage
from tests.faults.accounts import account
from tests.faults.faulty_store import AtCall, Call, Moment, stop_this_process
from tests.faults.faulty_store import kill_this_process as die
from tests.faults.processes import end, send, start, wait_until_stopped
from tests.faults.records import orphans
from tests.faults.runs import texts_of, whole_run
from tests.faults.work import Job, commit_all, do_all
from tests.stores import files_below, write_texts

GRACE_H, HOUR_S = 24.0, 60 * 60


@pytest.fixture
def stopped(make_job: Callable[..., Job]) -> Iterator[tuple[Job, BaseProcess]]:
    """A store whose sources have changed, and a run that stopped before its second record."""
    job = make_job()
    whole_run(LocalStore(job.store), job.corpus, *job.spaces)
    write_texts(job.sources / "a.parquet", texts_of(range(40, 70)), row_group_size=10)
    worker = start(do_all, job, _StopAtRecord(2))
    wait_until_stopped(worker)
    yield job, worker
    send(worker, signal.SIGCONT)
    assert end(worker) == 0


class _StopAtRecord:
    """Stops its process before it creates a record."""

    def __init__(self, number: int) -> None:
        self._left = number

    def __call__(self, call: Call, moment: Moment) -> None:
        if moment == "before" and call.verb == "create" and "/commits/" in call.key:
            self._left -= 1
            if self._left == 0:
                stop_this_process()


def collect(job: Job, *, superseded: bool = False) -> list[str]:
    store = LocalStore(job.store)
    clock = clock_of(store, GRACE_H)
    found: list[Garbage] = list(list_superseded(store, clock)) if superseded else []
    found += list_garbage(store, clock)
    for each in found:
        each.remove()
    return [each.place for each in found]


def grow_old(job: Job, hours: float, keys: list[str] | None = None) -> None:
    """Set back the time of these files, or of all; their order stays."""
    paths = job.store.rglob("*") if keys is None else (job.store / key for key in keys)
    for path in paths:
        times = path.lstat()
        when = times.st_mtime - hours * HOUR_S
        os.utime(path, (when, when), follow_symlinks=False)


def test_case_15_of_a_chunk_in_the_making_nothing_goes(stopped: tuple[Job, BaseProcess]) -> None:
    job, worker = stopped
    making = orphans(LocalStore(job.store))
    assert making
    assert collect(job, superseded=True) == []
    send(worker, signal.SIGCONT)
    worker.join()
    assert collect(job) == []
    _is_whole(job)


def test_case_15_what_is_named_stays_however_old_and_so_does_an_unfinished_listing(
    stopped: tuple[Job, BaseProcess],
) -> None:
    job, worker = stopped
    making = orphans(LocalStore(job.store))
    grow_old(job, 3 * GRACE_H)
    grow_old(job, -3 * GRACE_H, making)  # the chunk is begun, its listing is days old
    assert collect(job, superseded=True) == []
    send(worker, signal.SIGCONT)
    worker.join()
    _is_whole(job)


def test_case_15_old_parts_of_a_killed_attempt_go_beside_a_worker(
    make_job: Callable[..., Job],
) -> None:
    job = make_job()
    assert end(start(commit_all, job, AtCall(30, "before", die))) == -signal.SIGKILL
    left = orphans(LocalStore(job.store))
    assert left
    assert collect(job) == []
    grow_old(job, GRACE_H + 1)
    worker = start(commit_all, job, _StopAtRecord(1))
    wait_until_stopped(worker)
    assert collect(job) == left
    send(worker, signal.SIGCONT)
    assert end(worker) == 0
    do_all(job)
    _is_whole(job)
    assert orphans(LocalStore(job.store)) == []


def test_case_15_superseded_chunks_go_when_no_catalog_shows_them(
    stopped: tuple[Job, BaseProcess],
) -> None:
    job, worker = stopped
    send(worker, signal.SIGCONT)
    worker.join()
    store = LocalStore(job.store)
    sizes = len(list(job.store.glob("datasets/*/parts/*")))
    assert collect(job, superseded=True) == []  # the catalog of before is young
    grow_old(job, GRACE_H + 1)
    gone = collect(job, superseded=True)
    assert len([key for key in gone if "/parts/" in key]) == 8  # two chunks: each with 4 parts
    assert len([key for key in gone if "/commits/" in key]) == 6
    assert len(list(job.store.glob("datasets/*/parts/*"))) == sizes - 8
    assert [path.name for path in (job.store / "catalog").iterdir()] == [
        (job.store / CATALOG).resolve().name
    ]
    _is_whole(job)
    do_all(job)
    seal = newest_seal(store)
    assert seal is not None
    assert seal.number == 2
    _is_whole(job)


def _is_whole(job: Job) -> None:
    store = LocalStore(job.store)
    assert list(find_damage(store, lambda _: None)) == []
    assert all(account(newest_catalog(store), job.sources, each).is_good for each in job.spaces)


@pytest.mark.parametrize(
    "left",
    [
        ".catalog.duckdb.0123456789abcdef0123456789abcdef",
        "seals/.3.json.0123456789abcdef0123456789abcdef",
        "datasets/notes-01234567/commits/.a.json.0123456789abcdef0123456789abcdef",
        "catalog/3-01234567.building",
        "catalog/0123.spill/part",
        "encoders/tuned.0123.unfinished/model",
        "probe/0123456789abcdef0123456789abcdef",
    ],
)
def test_case_15_what_was_left_unfinished_goes_when_it_is_old(
    make_job: Callable[..., Job], left: str
) -> None:
    job = make_job()
    whole_run(LocalStore(job.store), job.corpus, job.spaces[0])
    path = job.store / left
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"half")
    before = files_below(job.store)
    assert collect(job) == []
    grow_old(job, GRACE_H + 1)
    assert len(collect(job)) == 1
    assert before - files_below(job.store) == {left}


def test_case_15_a_strange_name_is_no_garbage(make_job: Callable[..., Job], tmp_path: Path) -> None:
    job = make_job()
    whole_run(LocalStore(job.store), job.corpus, job.spaces[0])
    (job.store / "probe").mkdir(exist_ok=True)
    strange = [
        f"datasets/{job.spaces[0].name}/parts/readme.txt",
        "seals/.DS_Store",
        "catalog/mine.sql",
        "probe/mine",
        "notes.txt",
    ]
    for key in strange:
        (job.store / key).write_bytes(b"mine")
    grow_old(job, 10 * GRACE_H)
    assert collect(job, superseded=True) == []
