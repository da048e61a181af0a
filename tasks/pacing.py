"""How much goes into a task, and when a run should stop: judged by the receipts so far.

Knows counts and seconds. Reads nothing.
"""

import math
from collections.abc import Callable, Sequence
from typing import Protocol

from tasks.job import ChunkReceipt

TASK_S = 30.0
MAX_TASKS = 1000
PROCESS_START_S = 10.0
ROWS_TO_JUDGE_REJECTS_BY = 1000


class Timed(Protocol):
    """What one chunk came to."""

    @property
    def seconds(self) -> float:
        """What it took."""
        ...


def chunks_a_task(made: Sequence[Timed], num_pending: int, num_tasks_left: int) -> int:
    """As many chunks as take 30 s at the speed of these, and enough for the tasks to suffice.

    At most twice as many as these: a few that were reused, or could not be read, tell nothing.
    """
    seconds = _seconds_of_one(made)
    by_time = min(int(TASK_S / seconds) if seconds else num_pending, 2 * len(made))
    return max(1, by_time, math.ceil(num_pending / max(num_tasks_left, 1)))


def are_worth_processes(
    made: Sequence[ChunkReceipt], num_pending: int, num_workers: int, *, gain: float
) -> bool:
    """Whether what is left ends sooner in so many processes, at the speed of these chunks."""
    return end_sooner(_seconds_of_one(made) * num_pending, num_pending, num_workers, gain=gain)


def end_sooner(seconds: float, num_pending: int, num_workers: int, *, gain: float) -> bool:
    """Whether processes do so many chunks in less than one does, which takes so many seconds.

    They have to start first. `gain` is how many times as fast they are as one, when all are busy.
    """
    if num_workers < 2 or num_pending < 2:  # noqa: PLR2004
        return False
    in_processes = seconds * places_for_each_chunk(num_pending, num_workers) / gain
    return PROCESS_START_S + in_processes < seconds


def places_for_each_chunk(num_chunks: int, num_workers: int) -> float:
    """1, and more where the last chunks do not keep all workers busy: 5 chunks of 4 take 8 / 5."""
    return math.ceil(num_chunks / num_workers) * num_workers / num_chunks


def too_many_rejects(
    receipts: Sequence[ChunkReceipt],
    max_share: float,
    *,
    has_more: bool,
    count_all: Callable[[], tuple[int, int]],
) -> str | None:
    """The reason to stop, if more rows are rejected than the run allows.

    A few rows do not tell: more are waited for, or else `count_all` gives rows and rejects of the
    whole corpus, so that a nightly run of two bad rows is no failure.
    """
    made = [receipt for receipt in receipts if not receipt.failure]
    rows, rejected = sum(r.rows for r in made), sum(r.rejected + r.without_vector for r in made)
    if rejected <= max_share * rows or (has_more and rows < ROWS_TO_JUDGE_REJECTS_BY):
        return None
    if rows < ROWS_TO_JUDGE_REJECTS_BY:
        rows, rejected = count_all()
        if rejected <= max_share * rows:
            return None
    return (
        f"{rejected} of {rows} rows were rejected, more than run.max_reject_share "
        f"({max_share:.0%}) allows. Look at the table rejects; is corpus.text_columns right?"
    )


def _seconds_of_one(made: Sequence[Timed]) -> float:
    return sum(receipt.seconds for receipt in made) / max(len(made), 1)
