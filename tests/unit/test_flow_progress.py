"""How far a run is, read off the commit records while it goes on."""

from dataclasses import replace
from multiprocessing import get_context
from typing import Any

import pytest

import tasks.progress
import tasks.step
from data.stores.store import StoreUnreachable
from tasks.encoders import job_encoder
from tasks.in_work import IN_WORK, InWork
from tasks.progress import Progress, watched

TEXTS = [f"a step of the way, number {n}" for n in range(40)]


def test_progress_says_percent_speed_and_time_left() -> None:
    progress = Progress(
        rows=25,
        in_work=10,
        total_rows=100,
        tokens=600,
        seconds=40.0,
        commit_seconds=30.0,
        seconds_left=None,
    )

    assert progress.percent == 35
    assert progress.tokens_per_second == 20
    assert replace(progress, rows=0, in_work=0, total_rows=0).percent == 100


def test_what_is_in_work_is_seen_before_a_chunk_is_committed_and_counts_once_after(
    small: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    small.write("a.parquet", TEXTS)
    work = small.plan()
    watch = tasks.progress._Watch(work)
    seen: list[Progress] = []
    commit = tasks.step._commit

    def look_and_commit(*given: Any) -> Any:
        seen.append(watch.read())
        return commit(*given)

    monkeypatch.setattr(tasks.step, "_commit", look_and_commit)
    small.step(work)
    seen.append(watch.read())

    assert [(each.rows, each.in_work) for each in seen] == [(0, 20), (20, 20), (40, 0)]
    assert seen[0].seconds_left is None
    assert seen[1].seconds_left == 0 == seen[2].seconds_left


def test_texts_of_a_group_are_in_work_batch_by_batch(small: Any) -> None:
    small.write("a.parquet", TEXTS)
    work = small.plan(token_budget=64)
    seen: list[int] = []
    encoder = job_encoder(work.job)
    hook = encoder.parts.transformer.module.register_forward_pre_hook(
        lambda *_: seen.append(IN_WORK.documents())
    )
    small.step(work)
    hook.remove()

    assert seen[0] == 0
    assert 0 < seen[1] < 20
    assert IN_WORK.documents() == 0


def test_processes_count_into_memory_that_the_run_looks_at() -> None:
    counts = get_context("spawn").Array("d", 2, lock=False)
    with IN_WORK.seen_in(counts):
        worker = InWork()
        worker.count_into(counts, 1)
        worker.note_group("a chunk", 30)
        worker.note_texts(2.7)
        assert IN_WORK.documents() == 32
        worker.note_end("a chunk")
        assert IN_WORK.documents() == 0


def test_the_end_of_a_run_is_always_shown(small: Any) -> None:
    small.write("a.parquet", TEXTS)
    work = small.plan()
    seen: list[Progress] = []

    with watched(work, seen.append):
        small.step(work)

    assert (seen[-1].rows, seen[-1].total_rows) == (40, 40)
    assert seen[-1].tokens == 40 * 8  # a step of the way , number 7


def test_a_run_that_breaks_off_shows_what_is_committed(small: Any) -> None:
    small.write("a.parquet", TEXTS)
    work = small.plan()
    seen: list[Progress] = []

    def break_off() -> None:
        with watched(work, seen.append):
            small.step(work.model_copy(update={"chunks": work.chunks[:1]}))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        break_off()

    assert (seen[-1].rows, seen[-1].percent) == (20, 50)


def test_a_progress_that_cannot_be_read_fails_no_run(
    small: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    small.write("a.parquet", TEXTS)
    work = small.plan()
    seen: list[Progress] = []

    def fail(*_: Any) -> Any:
        raise StoreUnreachable("no answer")

    with watched(work, seen.append):
        monkeypatch.setattr(tasks.progress, "committed_chunks", fail)
        done = small.step(work)

    assert len(done) == 2
    assert [progress.rows for progress in seen] in ([], [0])
