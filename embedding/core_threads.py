"""A thread for each core, in which torch computes alone. Knows calls, not what they compute.

Threads that share one operation wait for each other at its end, some thousand times a second.
Threads that have an operation each do not: figures in docs/log.md.
"""

from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from threading import Barrier
from typing import Any, TypeVar

import torch

LONG_ROPES = ("dynamic", "longrope")

Item = TypeVar("Item")
Found = TypeVar("Found")


def count_threads(device: str, config: Any, *, is_foreign: bool) -> int:
    """How many batches can be computed side by side: as many as torch takes threads on a CPU.

    One, if the model may change itself on the way, by the longest text of a batch: so do two ways
    to place tokens (`rope_type`), and foreign code may.
    """
    changes_itself = any(f'"rope_type": "{kind}"' in config.to_json_string() for kind in LONG_ROPES)
    return 1 if device != "cpu" or is_foreign or changes_itself else torch.get_num_threads()


def open_threads(count: int) -> ThreadPoolExecutor:
    """Threads that compute alone; in all others torch takes as many threads as before.

    torch counts for each thread and, for those to come, for the process: the count of the process
    is set back. A thread takes that over at its first operation, so it is asked for it before.
    """
    before = torch.get_num_threads()
    are_ready = Barrier(count + 1)
    threads = ThreadPoolExecutor(count, thread_name_prefix="core", initializer=_compute_alone)
    try:
        for _ in range(count):
            threads.submit(are_ready.wait)
        are_ready.wait()
    except BaseException:  # else those that wait would keep the interpreter from ending
        are_ready.abort()
        raise
    finally:
        torch.set_num_threads(before)
    return threads


def _compute_alone() -> None:
    torch.get_num_threads()
    torch.set_num_threads(1)


def map_ahead(
    threads: ThreadPoolExecutor, work: Callable[[Item], Found], items: Iterable[Item], *, ahead: int
) -> Generator[Found, None, None]:
    """What the work makes of the items, in their order; so many are begun before they are asked.

    If nobody asks any more, those begun are waited for, and no others begin.
    """
    begun: deque[Future[Found]] = deque()
    try:
        for item in items:
            begun.append(threads.submit(work, item))
            if len(begun) >= ahead:
                yield begun.popleft().result()
        while begun:
            yield begun.popleft().result()
    finally:
        for future in begun:
            future.cancel()
        wait(begun)
