"""Cases 4, 14 and 30: runs and publishers that slept, and a part that went meanwhile."""

import signal
from collections.abc import Callable

import pytest

import data.checking.sealing
import data.records.datasets
from data import CATALOG, LocalStore, newest_catalog, newest_seal
from data.checking.checks import InvariantBroken
from tests.faults.accounts import account
from tests.faults.memory_store import Actor, MemoryStore
from tests.faults.processes import end, send, start, wait_until_stopped
from tests.faults.protocol import SPACES, run_over, unsound_records
from tests.faults.runs import begin_run, do_chunks, end_run, texts_of, whole_run
from tests.faults.sources import Sources
from tests.faults.test_machine import OneByOne
from tests.faults.work import Job, StopWhileBuilding, publish
from tests.stores import write_texts


def test_case_04_a_run_that_slept_never_seals_its_listing_over_a_newer_one(
    make_job: Callable[..., Job],
) -> None:
    job = make_job()
    store = LocalStore(job.store)
    slow = begin_run(store, job.corpus, *job.spaces)
    do_chunks(store, slow)
    write_texts(job.sources / "b.parquet", texts_of(range(10)))
    newer = begin_run(store, job.corpus, *job.spaces)
    do_chunks(store, newer)
    end_run(store, newer)

    assert end_run(store, slow).corpus.plan == newer.plan.name
    assert all(account(newest_catalog(store), job.sources, each).is_good for each in job.spaces)


def test_case_04_wherever_a_run_slept_vectors_are_of_the_documents_texts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(data.checking.sealing, "check_new_chunks", lambda *_: None)
    monkeypatch.setattr(data.records.datasets, "ThreadPoolExecutor", OneByOne)
    calls, is_over = 0, False
    while not is_over:
        calls += 1
        store, sources = MemoryStore(), Sources("notes")

        def work(store: MemoryStore, space: str, sources: Sources = sources) -> None:
            run_over(store, sources, [SPACES[space]], space, lambda _: None)

        slow = Actor("slow", store, lambda stored: work(stored, "mean"))
        for _ in range(calls):
            slow.step()
        sources.edit_silently("a")
        is_over = slow.is_over
        work(store, "cls")
        while not slow.is_over:
            slow.step()
        assert unsound_records(store) == [], calls
    assert calls > 20


def test_case_30_a_publisher_that_slept_never_leaves_an_older_catalog(
    make_job: Callable[..., Job],
) -> None:
    job = make_job()
    store = LocalStore(job.store)
    whole_run(store, job.corpus, job.spaces[0])
    sleeper = start(publish, job, StopWhileBuilding(job.store))
    wait_until_stopped(sleeper)
    whole_run(store, job.corpus, *job.spaces)

    send(sleeper, signal.SIGCONT)
    assert end(sleeper) == 0

    assert all(account(job.store / CATALOG, job.sources, each).is_good for each in job.spaces)


def test_case_14_a_part_that_went_after_its_commit_is_never_sealed(
    make_job: Callable[..., Job],
) -> None:
    job = make_job()
    store = LocalStore(job.store)
    run = begin_run(store, job.corpus, *job.spaces)
    do_chunks(store, run)
    (lost, *_) = (job.store / "datasets" / job.spaces[0].name / "parts").glob("*.parquet")
    lost.unlink()

    with pytest.raises(InvariantBroken, match=lost.name):
        end_run(store, run)
    assert newest_seal(store) is None
