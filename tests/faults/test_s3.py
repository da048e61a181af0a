"""Cases 1 to 4 and 6 to 8 over a store on S3, whose server is a process of its own."""

import signal
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from data import newest_catalog, read_record
from tests.faults.accounts import account
from tests.faults.conftest import MEAN
from tests.faults.faulty_store import AtCall, Call, FaultyStore, Moment, StopAtFirstRecord
from tests.faults.faulty_store import kill_this_process as die
from tests.faults.processes import end, send, start, wait_until_stopped
from tests.faults.records import orphans
from tests.faults.runs import begin_run, do_chunks, end_run, texts_of, whole_run
from tests.faults.storm import end_storm, rage
from tests.faults.work import Job, commit_all, do_all
from tests.stores import ask, corpus_of, tiny_store, write_texts

KILLED = -signal.SIGKILL
WRITING = {"create", "write", "delete"}  # who dies at another call leaves the same behind


@pytest.fixture
def make_job(s3_url: str, s3_environment: dict[str, str], tmp_path: Path) -> Callable[..., Job]:
    """make_job(rows=10, name="a"): an empty store below that name, and one file."""

    def make(rows: int = 10, name: str = "store") -> Job:
        texts = tmp_path / "texts" / "a.parquet"
        if not texts.exists():
            write_texts(texts, texts_of(range(rows)), row_group_size=10)
        url = f"{s3_url}/{name}"
        tiny_store(url)
        return Job(url, corpus_of(texts.parent), (MEAN,), environment=s3_environment)

    return make


def is_whole(job: Job) -> bool:
    """SQL shows every row once, in every space."""
    catalog = newest_catalog(job.open())
    assert catalog is not None
    return all(account(catalog, job.sources, each).is_good for each in job.spaces)


@pytest.mark.slow
def test_case_01_killed_at_any_writing_call_a_run_on_s3_is_finished_by_the_next(
    make_job: Callable[..., Job],
) -> None:
    job = make_job(name="counted")
    counted = FaultyStore(job.open())
    do_chunks(counted, begin_run(counted, job.corpus, *job.spaces))
    deadly = [call.number for call in counted.calls if call.verb in WRITING]
    for number in deadly:
        job = make_job(name=f"killed-at-{number}")
        assert end(start(commit_all, job, AtCall(number, "before", die))) == KILLED
        store = job.open()
        run = begin_run(store, job.corpus, *job.spaces)
        assert run.is_sound(store)
        do_chunks(store, run)
        assert run.is_sound(store)
        assert run.owes(store) == []
    end_run(store, run)
    assert is_whole(job)


@pytest.mark.timeout(600)
def test_case_02_after_a_storm_on_s3_every_row_is_there_once(
    make_job: Callable[..., Job], tmp_path: Path, figures: Callable[[str], None]
) -> None:
    found, asked = rage(make_job(rows=60), tmp_path, 6, life_s=0.5)
    figures(f"storm on S3: {found}; {end_storm(asked)}")
    assert found.kills >= 6


def test_case_03_a_run_that_was_stopped_removes_only_its_own_from_s3(
    make_job: Callable[..., Job],
) -> None:
    job = make_job()
    zombie = start(commit_all, job, StopAtFirstRecord())
    wait_until_stopped(zombie)
    store = job.open()
    left = orphans(store)
    whole_run(store, job.corpus, *job.spaces)
    files = set(store.filesystem.find(job.store))

    send(zombie, signal.SIGCONT)
    assert end(zombie) == 0

    assert len(left) == 3  # documents, their rejects, a space
    assert files - set(store.filesystem.find(job.store)) == {
        store.location(key).removeprefix("s3://") for key in left
    }
    assert is_whole(job)


def test_case_04_two_whole_runs_at_once_publish_on_s3_what_one_publishes(
    make_job: Callable[..., Job],
) -> None:
    alone, job = make_job(rows=20, name="alone"), make_job(name="both")
    whole_run(alone.open(), alone.corpus, *alone.spaces)
    both = [start(do_all, replace(job, name=name)) for name in ("one", "other")]
    assert [end(process) for process in both] == [0, 0]

    for table in ("documents", "rejects"):
        rows = f"SELECT * EXCLUDE chunk FROM {table} ORDER BY ALL"
        assert ask(job.open(), rows) == ask(alone.open(), rows)
    assert ask(job.open(), "SELECT run FROM runs ORDER BY ALL") == ["one", "other"]
    assert is_whole(job)
    assert orphans(job.open()) == []


def test_case_06_a_commit_on_s3_whose_answer_was_lost_is_found_by_the_next_run(
    make_job: Callable[..., Job],
) -> None:
    job = make_job()
    store = job.open()
    run = begin_run(store, job.corpus, *job.spaces)

    def lose_the_answer(call: Call, moment: Moment) -> None:
        if "/commits/" in call.key and (call.verb, moment) == ("create", "after"):
            raise TimeoutError("no answer")

    with pytest.raises(TimeoutError):
        do_chunks(FaultyStore(store, lose_the_answer), run)
    won = read_record(store, run.documents.name, run.plan.chunks[0].name)

    whole_run(store, job.corpus, *job.spaces)
    assert read_record(store, run.documents.name, run.plan.chunks[0].name) == won
    assert is_whole(job)


@pytest.mark.parametrize(
    "trouble",
    [pytest.param("answer-is-lost", id="case 7"), pytest.param("conflict-first", id="case 8")],
)
def test_case_07_08_every_put_may_meet_itself_or_a_conflict_first(
    make_job: Callable[..., Job], trouble: str
) -> None:
    job = make_job(name=trouble)
    outcome = whole_run(job.open(), job.corpus, *job.spaces)
    assert outcome.seal.number == 1
    assert not outcome.owed
    assert is_whole(job)
    assert orphans(job.open()) == []
