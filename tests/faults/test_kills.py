"""Cases 1, 3, 4 and 30: processes that are killed or stopped at a stated place."""

import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from data import CATALOG, LocalStore, newest_catalog, newest_seal
from tests.faults.accounts import account
from tests.faults.faulty_store import AtCall, Call, FaultyStore, Moment, StopAtFirstRecord
from tests.faults.faulty_store import kill_this_process as die
from tests.faults.processes import end, send, start, wait_until_stopped
from tests.faults.records import orphans
from tests.faults.runs import begin_run, do_chunks, end_run, whole_run
from tests.faults.work import Job, commit_all, count_touches, die_at_touch, do_all, publish
from tests.stores import ask, files_below

Copy = Callable[[Job], Job]
KILLED = -signal.SIGKILL


@pytest.mark.slow
def test_case_01_killed_at_any_call_a_run_is_finished_by_the_next(
    make_job: Callable[..., Job], copies: Copy
) -> None:
    job = make_job(rows=10)
    counted = FaultyStore(LocalStore(copies(job).store))
    do_chunks(counted, begin_run(counted, job.corpus, *job.spaces))
    for number in range(1, len(counted.calls) + 1):
        copy = copies(job)
        assert end(start(commit_all, copy, AtCall(number, "before", die))) == KILLED
        _finish(copy)


@pytest.mark.slow
def test_case_01_killed_at_any_touch_of_a_file_a_run_is_finished_by_the_next(
    make_job: Callable[..., Job], copies: Copy
) -> None:
    job = make_job(rows=10)
    for number in range(1, len(count_touches(commit_all, copies(job))) + 1):
        copy = copies(job)
        assert end(start(die_at_touch, commit_all, copy, number)) == KILLED
        _finish(copy)


def _finish(job: Job) -> None:
    """What the killed run left is sound, and the next one does the rest."""
    store = LocalStore(job.store)
    run = begin_run(store, job.corpus, *job.spaces)
    assert run.is_sound(store)
    do_chunks(store, run)
    assert run.is_sound(store)
    assert run.owes(store) == []


def test_case_03_a_run_that_was_stopped_while_another_finished_removes_only_its_own(
    make_job: Callable[..., Job],
) -> None:
    job = make_job(rows=10)
    zombie = start(commit_all, job, StopAtFirstRecord())
    wait_until_stopped(zombie)
    store = LocalStore(job.store)
    left = orphans(store)
    run = begin_run(store, job.corpus, *job.spaces)
    do_chunks(store, run)
    end_run(store, run)
    before = files_below(job.store)

    send(zombie, signal.SIGCONT)
    assert end(zombie) == 0

    assert len(left) == 4  # documents, their rejects, two spaces
    assert files_below(job.store) == before - set(left)
    assert run.is_sound(store)
    assert account(newest_catalog(store), job.sources, job.spaces[0]).is_good


def test_case_04_two_whole_runs_at_once_publish_what_one_publishes(
    make_job: Callable[..., Job], copies: Copy
) -> None:
    job = make_job(rows=60)
    alone = copies(job)
    whole_run(LocalStore(alone.store), job.corpus, *job.spaces)
    both = [start(do_all, job), start(do_all, job)]
    assert [end(process) for process in both] == [0, 0]

    rows = "SELECT * EXCLUDE chunk FROM {} ORDER BY ALL"
    for table in ("documents", "rejects", "bert_mean", "bert_cls"):
        shown = [ask(LocalStore(each.store), rows.format(table)) for each in (job, alone)]
        assert shown[0] == shown[1]
    assert account(newest_catalog(LocalStore(job.store)), job.sources, job.spaces[0]).is_good
    assert orphans(LocalStore(job.store)) == []


@pytest.mark.slow
def test_case_30_killed_at_any_touch_of_a_file_publishing_leaves_a_whole_catalog(
    make_job: Callable[..., Job], copies: Copy
) -> None:
    job = make_job()
    store = LocalStore(job.store)
    whole_run(store, job.corpus, job.spaces[0])
    commit_all(job)
    for number in range(1, len(count_touches(do_all, copies(job))) + 1):
        copy = copies(job)
        assert end(start(die_at_touch, do_all, copy, number)) == KILLED
        store = LocalStore(copy.store)
        assert account(copy.store / CATALOG, job.sources, job.spaces[0]).is_good
        do_all(copy)
        assert all(account(copy.store / CATALOG, job.sources, each).is_good for each in job.spaces)
        assert newest_seal(store).number == 2


def test_case_30_killed_while_duckdb_builds_the_catalog_before_stays(
    make_job: Callable[..., Job], copies: Copy
) -> None:
    job = make_job()
    store = LocalStore(job.store)
    whole_run(store, job.corpus, job.spaces[0])
    shown = newest_catalog(store)
    for number in (1, 5, 10):
        assert end(start(publish, job, _DieWhileBuilding(job.store, number))) == KILLED
        assert newest_catalog(store) == shown
        assert list((job.store / "catalog").glob("*.building"))
        assert account(shown, job.sources, job.spaces[0]).is_good


class _DieWhileBuilding:
    """Kills its process at the n-th call of the store while a catalog is being built."""

    def __init__(self, folder: Path, number: int) -> None:
        self._folder, self._left = folder / "catalog", number

    def __call__(self, _call: Call, _moment: Moment) -> None:
        self._left -= any(self._folder.glob("*.building"))
        if self._left == 0:
            die()
