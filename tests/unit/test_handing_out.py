"""Which chunks go into which task: sizes, order, and the suspects after a death."""

from types import SimpleNamespace
from typing import Any

import pytest

import tasks.handing_out
from tasks.handing_out import MAX_DEATHS, Todo
from tasks.job import ChunkReceipt
from tasks.pacing import are_worth_processes
from tasks.run_spec import RunSpec
from tasks.runners import Outcome


@pytest.fixture
def committed(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """The chunks that the store says are done."""
    done: set[str] = set()
    monkeypatch.setattr(tasks.handing_out, "open_existing_store", lambda _: None)
    monkeypatch.setattr(
        tasks.handing_out, "owed_chunks", lambda _, __, names: dict.fromkeys(set(names) - done)
    )
    monkeypatch.setattr(
        tasks.handing_out,
        "committed_receipts",
        lambda _, names: [receipt(name) for name in names if name in done],
    )
    return done


def receipt(chunk: str, seconds: float = 10.0) -> ChunkReceipt:
    return ChunkReceipt(chunk=chunk, place=chunk, rows=1, seconds=seconds)


def todo(num_chunks: int) -> Todo:
    names = tuple(f"c{n}" for n in range(num_chunks))
    job = SimpleNamespace(store=SimpleNamespace(path="store"))
    work: Any = SimpleNamespace(chunks=names, places=names, job=job)
    return Todo(work)


def died(*batches: tuple[str, ...]) -> list[Outcome]:
    return [Outcome(batch, has_died=True) for batch in batches]


def test_the_first_tasks_have_one_chunk_and_the_next_grow_to_30_seconds_of_work() -> None:
    chunks = todo(20)
    assert [chunks.take(2), chunks.take(2)] == [("c0",), ("c1",)]
    list(chunks.note([Outcome(("c0",), (receipt("c0"),))]))
    assert chunks.take(2) == ("c2", "c3")
    list(chunks.note([Outcome(("c2", "c3"), (receipt("c2"), receipt("c3")))]))
    assert chunks.take(2) == ("c4", "c5", "c6")


def test_the_last_chunks_are_shared_out_among_the_workers() -> None:
    chunks = todo(5)
    list(chunks.note([Outcome((chunks.take(2)), (receipt("c0", seconds=1.0),))]))
    assert [chunks.take(2), chunks.take(2), chunks.take(2)] == [("c1", "c2"), ("c3",), ("c4",)]


def test_after_a_death_the_suspects_run_alone_and_the_others_wait(committed: set[str]) -> None:
    chunks = todo(6)
    batches = [chunks.take(2), chunks.take(2)]
    assert list(chunks.note(died(*batches))) == died(*batches)

    assert chunks.room(2) == 1
    assert chunks.take(2) == ("c0",)
    assert chunks.room(2) == 1
    committed.add("c0")
    list(chunks.note([Outcome(("c0",), (receipt("c0"),))]))
    assert chunks.take(2) == ("c1",)
    assert chunks.room(2) == 1
    list(chunks.note([Outcome(("c1",), (receipt("c1"),))]))
    assert chunks.room(2) == 2


def test_what_a_dead_task_had_committed_is_not_done_again(committed: set[str]) -> None:
    chunks = todo(4)
    chunks.take(1)
    list(chunks.note([Outcome(("c0",), (receipt("c0"), receipt("c0")))]))
    assert chunks.take(1) == ("c1", "c2", "c3")
    committed.update({"c1"})

    (outcome,) = chunks.note(died(("c1", "c2", "c3")))

    assert [each.chunk for each in outcome.receipts] == ["c1"]
    assert [chunks.take(1), chunks.has_more] == [("c2",), True]
    list(chunks.note([Outcome(("c2",), (receipt("c2"),))]))
    assert chunks.take(1) == ("c3",)


@pytest.mark.usefixtures("committed")
def test_three_deaths_of_one_chunk_end_the_run_and_two_do_not() -> None:
    chunks = todo(3)
    found: list[Outcome] = []
    for _ in range(MAX_DEATHS):
        assert [outcome.failure for outcome in found] == [None] * len(found)
        batch = chunks.take(1)
        assert batch == ("c0",)
        found += chunks.note(died(batch))
    assert "died 3 times" in str(found[-1].failure)
    assert found[-1].batch == ("c0",)


@pytest.mark.parametrize(
    ("seconds", "pending", "workers", "gain", "expected"),
    [
        ([40.0], 8, 2, 1.1, True),  # 10 + 8 * 40 / 1.1 = 301 beside 320
        ([40.0], 7, 2, 1.1, False),  # the eighth place stays empty: 301 beside 280
        ([10.0, 14.0], 8, 2, 1.1, False),  # 10 + 8 * 12 / 1.1 = 97 beside 96
        ([40.0], 7, 2, 2.0, True),  # two GPUs: 170 beside 280
        ([90.0], 1, 2, 2.0, False),  # one chunk cannot be shared
        ([20.0], 9, 1, 1.0, False),  # one core
        ([], 9, 2, 2.0, False),  # nothing was encoded: nothing is known of speed
    ],
)
def test_processes_are_taken_where_they_end_sooner(
    seconds: list[float], pending: int, workers: int, gain: float, expected: bool
) -> None:
    made = [receipt("c", seconds=each) for each in seconds]
    assert are_worth_processes(made, pending, workers, gain=gain) is expected


def test_processes_of_a_run_that_stays_in_this_one_are_refused() -> None:
    with pytest.raises(ValueError, match=r"num_processes=2 with runner='local'.*Set runner to"):
        RunSpec(runner="local", num_processes=2)
