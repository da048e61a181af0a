"""Cases 13, 16, 17, 27 and 37: sources that change or go, a damaged record, reruns, and memory."""

import os
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from data import ChunkFailure, ChunkRows, LocalStore, newest_catalog, newest_seal, read_chunks
from data.records.datasets import DamagedRecord
from tests.faults.accounts import account
from tests.faults.processes import end, start
from tests.faults.runs import begin_run, do_chunks, end_run, texts_of, whole_run
from tests.faults.work import Job, read_within
from tests.stores import ask, contents, corpus_of, write_texts


def replace(path: Path) -> None:
    """Put another file in its place."""
    write_texts(path.with_name("new"), texts_of(range(5, 35)), row_group_size=10).replace(path)


def overwrite(path: Path) -> None:
    """Write other bytes into the same file."""
    write_texts(path, texts_of(range(5, 35)), row_group_size=10)


def touch(path: Path) -> None:
    """Leave the bytes as they are."""
    os.utime(path, ns=(1, 1))


CHANGES = {change.__name__: change for change in (replace, overwrite, touch, os.remove)}


@pytest.fixture(params=CHANGES)
def change(request: pytest.FixtureRequest) -> Callable[[Path], None]:
    return CHANGES[request.param]


def test_case_16_17_a_file_that_changed_or_went_before_it_was_read_is_refused_alone(
    make_job: Callable[..., Job], change: Callable[[Path], None]
) -> None:
    make_job(rows=30, name="b.parquet")
    job = make_job(rows=30)
    store = LocalStore(job.store)
    run = begin_run(store, job.corpus, *job.spaces)
    change(job.sources / "b.parquet")

    failures = do_chunks(store, run)
    assert [reason.split(":")[0] for reason in failures] == [
        "b.parquet rows 0-9", "b.parquet rows 10-19", "b.parquet rows 20-29"
    ]  # fmt: skip
    assert all("changed after it was planned" in r or "is gone" in r for r in failures)
    assert len(end_run(store, run).owed[run.documents.name]) == 3
    assert ask(store, "SELECT file, count(*) FROM documents GROUP BY ALL") == [("a.parquet", 24)]

    whole_run(store, job.corpus, *job.spaces)
    assert all(account(newest_catalog(store), job.sources, s).is_good for s in job.spaces)


def test_case_16_17_a_file_that_changes_or_goes_while_it_is_read_gives_no_mixture(
    make_job: Callable[..., Job], change: Callable[[Path], None]
) -> None:
    job = make_job(rows=30)
    plan = begin_run(LocalStore(job.store), job.corpus).plan
    reading = read_chunks(plan, plan.chunks)
    first = next(reading)
    change(job.sources / "a.parquet")
    assert isinstance(first, ChunkRows)
    assert [type(rows) for rows in reading] == [ChunkFailure, ChunkFailure]


@pytest.mark.parametrize("size", [0, 100])
def test_case_13_a_record_that_was_cut_off_is_named_and_never_sealed(
    make_job: Callable[..., Job], size: int
) -> None:
    job = make_job()
    store = LocalStore(job.store)
    run = begin_run(store, job.corpus, *job.spaces)
    do_chunks(store, run)
    record = job.store / f"datasets/{run.documents.name}/commits/{run.plan.chunks[1].name}.json"
    os.truncate(record, size)
    with pytest.raises(DamagedRecord, match=rf"{record.name} is damaged .*Remove it and run again"):
        end_run(store, run)
    assert newest_seal(store) is None

    record.unlink()
    whole_run(store, job.corpus, *job.spaces)
    assert all(account(newest_catalog(store), job.sources, s).is_good for s in job.spaces)


def test_case_27_an_unchanged_rerun_writes_its_run_and_its_catalog_and_nothing_else(
    make_job: Callable[..., Job],
) -> None:
    job = make_job()
    store = LocalStore(job.store)
    whole_run(store, job.corpus, *job.spaces)
    before = contents(job.store)
    whole_run(store, job.corpus, *job.spaces, name="again")
    after = contents(job.store)
    assert before.items() <= after.items()
    assert after.keys() - before.keys() == {"runs/again.json"}


@pytest.mark.slow
def test_case_37_one_giant_row_group_is_read_in_bounded_memory(tmp_path: Path) -> None:
    texts = pa.array([f"{n} " * 150 for n in range(200_000)])
    path = tmp_path / "texts" / "a.parquet"
    path.parent.mkdir()
    pq.write_table(pa.table({"text": texts}), path, row_group_size=len(texts), use_dictionary=False)
    assert pq.read_metadata(path).num_row_groups == 1
    assert texts.nbytes > 160_000_000
    job = Job(tmp_path / "store", corpus_of(path.parent), (), chunk_rows=1_000)
    assert end(start(read_within, job, 100_000_000)) == 0
