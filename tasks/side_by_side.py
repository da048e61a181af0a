"""Do several things at once, in threads, and give results in order. Knows nothing of chunks."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Given = TypeVar("Given")
Made = TypeVar("Made")


def side_by_side(
    work: Callable[[Given], Made], items: Iterable[Given], at_once: int
) -> Iterator[Made]:
    """What the work made of each item, in order; `at_once` of them are in memory, and no more.

    The next item is taken while the work on others goes on. One at a time needs no thread.
    """
    if at_once == 1:
        yield from map(work, items)
        return
    with ThreadPoolExecutor(at_once) as threads:
        begun: deque[Future[Made]] = deque()
        for item in items:
            begun.append(threads.submit(work, item))
            if len(begun) == at_once:
                yield begun.popleft().result()
        while begun:
            yield begun.popleft().result()
