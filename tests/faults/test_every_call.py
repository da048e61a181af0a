"""Cases 5 to 7 and 12: each call of the store fails once, before its work or after it."""

import errno
from collections.abc import Callable

import pytest

from data import LocalStore, committed_chunks, newest_catalog, read_record, write_part
from data.stores.store import StoreError
from tests.commits import read_all
from tests.faults.accounts import account
from tests.faults.faulty_store import AtCall, Call, FaultyStore, LyingStore, Moment, raising
from tests.faults.records import orphans
from tests.faults.runs import Run, begin_run, do_chunks, end_run, whole_run
from tests.faults.work import Job

Copy = Callable[[Job], Job]


def begin_and_do(store: FaultyStore, job: Job) -> Run:
    run = begin_run(store, job.corpus, *job.spaces)
    do_chunks(store, run)
    return run


@pytest.mark.slow
@pytest.mark.parametrize("moment", ["before", "after"])
def test_case_05_any_call_may_fail_and_a_chunk_is_committed_whole_or_not_at_all(
    make_job: Callable[..., Job], copies: Copy, moment: Moment
) -> None:
    job = make_job(rows=10)
    counted = FaultyStore(LocalStore(copies(job).store))
    begin_and_do(counted, job)
    # bytes that were appended are at the disk's mercy until the file is closed, after or before
    deadly = [call for call in counted.calls if moment == "before" or call.verb != "append"]
    for call in deadly:
        store = LocalStore(copies(job).store)
        error = OSError(errno.EIO, f"call {call.number} failed")
        with pytest.raises(OSError, match=f"call {call.number} failed"):
            begin_and_do(FaultyStore(store, AtCall(call.number, moment, raising(error))), job)

        run = begin_run(store, job.corpus, *job.spaces)
        assert run.is_sound(store), call
        assert do_chunks(store, run) == []
        assert run.is_sound(store)
        assert run.owes(store) == []


@pytest.mark.slow
def test_case_05_any_call_of_publishing_may_fail_and_the_catalog_stays_whole(
    make_job: Callable[..., Job], copies: Copy
) -> None:
    job = make_job()
    whole_run(LocalStore(job.store), job.corpus, job.spaces[0])
    counted = FaultyStore(LocalStore(copies(job).store))
    run = begin_run(counted, job.corpus, *job.spaces)
    do_chunks(counted, run)
    begun = len(counted.calls)
    end_run(counted, run)
    for number in range(1, len(counted.calls) - begun + 1):
        store = LocalStore(copies(job).store)
        run = begin_run(store, job.corpus, *job.spaces)
        do_chunks(store, run)
        error = OSError(errno.EIO, f"call {number} failed")
        with pytest.raises((OSError, StoreError)):
            end_run(FaultyStore(store, AtCall(number, "before", raising(error))), run)
        assert account(newest_catalog(store), job.sources, job.spaces[0]).is_good
        end_run(store, run)
        for each in job.spaces:
            assert account(newest_catalog(store), job.sources, each).is_good


def test_case_06_a_commit_whose_answer_was_lost_is_found_by_the_next_run(
    make_job: Callable[..., Job],
) -> None:
    job = make_job(rows=10)
    store = LocalStore(job.store)
    run = begin_run(store, job.corpus, *job.spaces)

    def lose_the_answer(call: Call, moment: Moment) -> None:
        if "/commits/" in call.key and (call.verb, moment) == ("create", "after"):
            raise TimeoutError("no answer")

    with pytest.raises(TimeoutError):
        do_chunks(FaultyStore(store, lose_the_answer), run)
    chunk = run.plan.chunks[0].name
    won = read_record(store, run.documents.name, chunk)  # it was done all the same

    whole_run(store, job.corpus, *job.spaces)
    assert read_record(store, run.documents.name, chunk) == won
    assert account(newest_catalog(store), job.sources, job.spaces[0]).is_good


def test_case_07_a_create_that_was_sent_twice_and_met_itself_has_won(
    make_job: Callable[..., Job],
) -> None:
    job = make_job()
    store = LocalStore(job.store)
    run = begin_run(store, job.corpus, *job.spaces)
    do_chunks(LyingStore(store), run)
    assert run.is_sound(store)
    assert orphans(store) == []
    end_run(store, run)
    assert account(newest_catalog(store), job.sources, job.spaces[1]).is_good


def test_case_12_a_writer_that_breaks_off_leaves_no_file_and_no_record(
    make_job: Callable[..., Job],
) -> None:
    job = make_job()
    store = LocalStore(job.store)
    run = begin_run(store, job.corpus, *job.spaces)
    (rows, *_) = read_all(run.plan)

    def break_off() -> None:
        with write_part(store, "datasets/x/parts/a.parquet", rows.documents.schema) as part:
            part.append(rows.documents)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        break_off()
    assert store.list("datasets/x/parts") == []
    assert committed_chunks(store, run.documents.name) == set()
