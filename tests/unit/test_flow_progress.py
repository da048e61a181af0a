"""How far a run is: what is committed, what is in work, and how long the rest will take."""

import gc
import weakref
from collections.abc import Callable
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pytest

import embedding.pooled_texts
import tasks.progress
import tasks.step
from data.stores.store import StoreUnreachable
from embedding import Encoder
from tasks.encoders import job_encoder, process_encoder
from tasks.in_work import IN_WORK, InWork
from tasks.progress import Progress, watched
from tests.doomed_processes import begin_and_count

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


def test_two_that_count_are_seen_together_and_a_chunk_that_ends_is_not() -> None:
    counts = [0.0, 0.0]
    with IN_WORK.seen_in(counts):
        worker = InWork()
        worker.count_into(counts, 1)
        worker.note_group("a chunk", 30)
        worker.note_texts(2.7)
        assert IN_WORK.documents() == 32
        worker.note_end("a chunk")
        assert IN_WORK.documents() == 0


def test_a_process_of_a_run_counts_into_memory_that_the_run_looks_at(tmp_path: Path) -> None:
    context = get_context("spawn")
    counts = context.Array("d", 2, lock=False)
    given = (context.Value("i", 1), "cpu", tmp_path, counts)
    process = context.Process(target=begin_and_count, args=given)
    process.start()
    process.join()

    assert list(counts) == [0, 7]


def test_what_was_encoded_for_something_else_is_not_in_work(small: Any) -> None:
    small.write("a.parquet", TEXTS)
    work = small.plan(token_budget=64)
    seen: list[Progress] = []
    job_encoder(work.job).encode(TEXTS)

    with watched(work, seen.append):
        pass

    assert seen[-1].in_work == 0


def test_parts_of_windows_bring_a_group_on_by_their_share(
    make_windows: Callable[..., Encoder],
) -> None:
    encoder = make_windows(max_tokens=8)
    texts = ["w1 " * 40, "w2 " * 40]
    module, seen = encoder.parts.transformer.module, list[float]()
    hook = module.register_forward_pre_hook(lambda *_: seen.append(encoder.texts_done))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(embedding.pooled_texts, "WAITING_WINDOWS", 1)  # each text is a part
        encoder.encode(texts)
    hook.remove()

    assert seen == sorted(seen)
    assert (seen[0], max(seen) < 2, 1 in seen) == (0, True, True)
    assert encoder.texts_done == 0


def test_an_encoder_that_is_let_go_of_is_freed_at_once(small: Any) -> None:
    small.write("a.parquet", TEXTS)
    loaded = weakref.ref(job_encoder(small.plan(token_budget=32).job))
    gc.disable()
    try:
        process_encoder.cache_clear()
        assert loaded() is None
    finally:
        gc.enable()


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
