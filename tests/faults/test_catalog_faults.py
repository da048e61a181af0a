"""Cases 31 to 34 and 38: what readers and other programs do to a catalog, and clocks."""

import logging
import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow as pa
import pytest

from data import (
    CATALOG,
    LocalStore,
    StoreError,
    find_reuse,
    nearest_documents,
    newest_catalog,
    publish_catalog,
    run_query,
    space_datasets,
)
from tests.faults.accounts import account
from tests.faults.processes import end, send, start, wait_until_stopped
from tests.faults.runs import whole_run
from tests.faults.work import Job, hold_catalog, read_until, write_and_die
from tests.stores import ask

HASHES = pa.array([bytes(16)], pa.binary(16))
READERS: dict[str, Callable[[Path], object]] = {
    "search": lambda path: nearest_documents(path, "bert_mean", [1.0, 2.0, 3.0], top=1),
    "spaces": space_datasets,
    "query": lambda path: run_query(path, "FROM documents"),
}


@pytest.fixture
def job(make_job: Callable[..., Job]) -> Job:
    """A corpus that is published."""
    made = make_job()
    whole_run(LocalStore(made.store), made.corpus, *made.spaces)
    return made


def newest(job: Job) -> Path:
    return (job.store / CATALOG).resolve()


@pytest.mark.slow
def test_case_31_who_opens_the_catalog_at_any_moment_sees_all_of_one(job: Job) -> None:
    store = LocalStore(job.store)
    readers = [start(read_until, job, "run-9") for _ in range(2)]
    for number in range(10):
        whole_run(store, job.corpus, *job.spaces, name=f"run-{number}")
    assert [end(reader) for reader in readers] == [0, 0]


def cut(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def empty(path: Path) -> None:
    os.truncate(path, 0)


def overwrite(path: Path) -> None:
    path.write_bytes(os.urandom(path.stat().st_size))


def make_newer(path: Path) -> None:
    """Say that the file has a format of which this DuckDB knows nothing."""
    content = path.read_bytes()
    path.write_bytes(content[:12] + (999).to_bytes(8, "little") + content[20:])


@pytest.fixture(params=[cut, empty, overwrite, make_newer, os.remove])
def damaged(request: pytest.FixtureRequest, job: Job) -> Job:
    path = newest(job)
    path.chmod(0o644)
    request.param(path)
    return job


def test_case_32_a_damaged_catalog_is_said_and_built_anew(
    damaged: Job, caplog: pytest.LogCaptureFixture
) -> None:
    store = LocalStore(damaged.store)
    is_there = newest_catalog(store) is not None
    with caplog.at_level(logging.WARNING):
        find_reuse(store, ["bert_mean"], [HASHES])
    assert ("nothing is reused: the catalog" in caplog.text) is is_there
    whole_run(store, damaged.corpus, *damaged.spaces)
    for each in damaged.spaces:
        assert account(newest_catalog(store), damaged.sources, each).is_good


@pytest.mark.parametrize("reader", READERS)
def test_case_32_a_damaged_catalog_is_refused_in_words(damaged: Job, reader: str) -> None:
    with pytest.raises(StoreError, match=r"cannot be read \((.|\n)*python -m flows\.publish"):
        READERS[reader](damaged.store / CATALOG)


def test_case_33_what_somebody_wrote_into_a_catalog_is_not_found_in_the_next(job: Job) -> None:
    store = LocalStore(job.store)
    assert end(start(write_and_die, newest(job))) == -signal.SIGKILL
    assert [path.suffix for path in (job.store / "catalog").iterdir() if path.suffix == ".wal"]
    publish_catalog(store)
    assert ask(store, "SELECT count(*) FROM documents WHERE chunk = 'strange'") == [0]
    assert all(account(newest_catalog(store), job.sources, each).is_good for each in job.spaces)


@pytest.fixture
def holder(job: Job) -> Iterator[int]:
    """The id of a process that holds the newest catalog open for writing."""
    process = start(hold_catalog, newest(job))
    wait_until_stopped(process)
    assert process.pid is not None
    yield process.pid
    send(process, signal.SIGKILL)
    end(process)


@pytest.mark.timeout(60)
@pytest.mark.parametrize("reader", READERS)
def test_case_34_a_lock_is_said_with_the_process_that_holds_it(
    job: Job, holder: int, reader: str
) -> None:
    with pytest.raises(StoreError, match=rf"cannot be read \((.|\n)*PID {holder}"):
        READERS[reader](job.store / CATALOG)


@pytest.mark.timeout(60)
def test_case_34_a_lock_stops_no_run(
    job: Job, holder: int, caplog: pytest.LogCaptureFixture
) -> None:
    store = LocalStore(job.store)
    with caplog.at_level(logging.WARNING):
        find_reuse(store, ["bert_mean"], [HASHES])
    assert f"PID {holder}" in caplog.text
    whole_run(store, job.corpus, *job.spaces)
    assert all(account(newest_catalog(store), job.sources, each).is_good for each in job.spaces)


@pytest.mark.parametrize("years", [-10, 10])
def test_case_38_a_clock_that_is_wrong_changes_nothing(
    job: Job, years: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, now = LocalStore(job.store), time.time()
    wrong = now + years * 365 * 24 * 3_600
    for path in job.store.rglob("*"):
        os.utime(path, (wrong, wrong), follow_symlinks=False)
    for number in range(5):
        outcome = whole_run(store, job.corpus, *job.spaces, name=f"run-{number}")
        assert outcome.seal.number == 1
        assert len(ask(store, "FROM runs")) == number + 2
    monkeypatch.setattr(time, "time", lambda: wrong)
    whole_run(store, job.corpus, *job.spaces)
    assert all(account(newest_catalog(store), job.sources, each).is_good for each in job.spaces)
