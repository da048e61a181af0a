"""Two runs over one store at the same time: each chunk is committed once, and nothing is lost."""

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

import tasks.step
from data import Record
from pooling import PoolingSpec
from tasks.job import ChunkReceipt
from tests.small_corpus import meet_before

MEAN, CLS = PoolingSpec(strategy="mean"), PoolingSpec(strategy="cls")
TEXTS = [f"a race about the number {n}" for n in range(40)]


@pytest.fixture
def both_at_once(small: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Runs the step twice; both have written all parts of a chunk before either commits it."""
    meet_before("_commit", monkeypatch)

    def run(work: Any) -> list[list[ChunkReceipt]]:
        with ThreadPoolExecutor(2) as runners:
            return list(runners.map(small.step, [work, work]))

    return run


def named_parts(small: Any, dataset: str) -> set[str]:
    folder = small.store / "datasets" / dataset / "commits"
    records = [Record.model_validate(json.loads(path.read_bytes())) for path in folder.glob("*")]
    parts = [part for record in records for part in (record.part, record.rejects) if part]
    return {part.key.rsplit("/", 1)[1] for part in parts}


def test_two_runs_commit_each_chunk_once_and_the_loser_removes_its_own(
    small: Any, both_at_once: Any
) -> None:
    small.write("a.parquet", [*TEXTS, "\u200b", None])
    work = small.plan(poolings=(MEAN, CLS))

    receipts = both_at_once(work)

    assert [receipt.failure for run in receipts for receipt in run] == [None] * 6
    for dataset in (work.job.documents, *(space.dataset for space in work.job.spaces)):
        assert small.files(dataset, "commits") == {f"{name}.json" for name in work.chunks}
        assert small.files(dataset, "parts") == named_parts(small, dataset)

    summary = small.publish(work, receipts[0])
    assert summary.is_complete
    assert small.ask("SELECT vectors, rejected FROM spaces") == [(40, 1), (40, 1)]


def test_runs_of_different_poolings_at_once_share_the_documents(
    small: Any, both_at_once: Any
) -> None:
    small.write("a.parquet", TEXTS)
    works = [small.plan(poolings=(pooling,)) for pooling in (MEAN, CLS)]

    with ThreadPoolExecutor(2) as runners:
        receipts = list(runners.map(small.step, works))
    for work, some in zip(works, receipts, strict=True):
        assert small.publish(work, some).is_complete

    assert small.ask("SELECT count(*) FROM documents") == [(40,)]
    assert small.ask("SELECT vectors, is_complete FROM spaces") == [(40, True)] * 2
    assert small.files(works[0].job.documents, "parts") == named_parts(
        small, works[0].job.documents
    )


def test_a_run_after_a_killed_one_does_what_is_owed_and_ignores_its_leavings(
    small: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    small.write("a.parquet", TEXTS)
    work = small.plan()

    def die(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as killed:
        killed.setattr(tasks.step, "_commit", die)
        with pytest.raises(KeyboardInterrupt):
            small.step(work)
    left = small.files(work.job.spaces[0].dataset, "parts")
    assert len(left) == 1  # complete, and named by no record

    assert small.embed().is_complete
    assert small.ask("SELECT count(*) FROM splade_tiny_mean") == [(40,)]
