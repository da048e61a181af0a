"""How far a run is, read off the commit records while it goes on."""

from typing import Any

import pytest

import tasks.progress
from data.stores.store import StoreUnreachable
from tasks.progress import Progress, watched

TEXTS = [f"a step of the way, number {n}" for n in range(40)]


def test_progress_says_percent_speed_and_time_left() -> None:
    progress = Progress(rows=25, total_rows=100, tokens=600, seconds=40.0, commit_seconds=30.0)

    assert progress.percent == 25
    assert progress.tokens_per_second == 20
    assert progress.seconds_left == 80  # 90 s from the commit on, of which 10 are over


def test_a_chunk_that_takes_longer_than_the_others_has_no_time_left_and_not_less() -> None:
    assert Progress(25, 100, 600, seconds=500.0, commit_seconds=30.0).seconds_left == 0


def test_before_the_first_chunk_nobody_knows_the_time_left() -> None:
    assert Progress(0, 100, 0, 5.0, 0.0).seconds_left is None


def test_nothing_to_do_is_all_done() -> None:
    assert Progress(0, 0, 0, 0.0, 0.0).percent == 100


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
