"""A store in memory, and processes that stop before each of its calls until they are let on.

Knows the five verbs, a clock that tests turn, and greenlets, of which one runs at a time. A process
that is killed makes no further call, whatever its `finally` and `except` would do.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import PurePosixPath
from typing import Any, BinaryIO

from greenlet import greenlet

from tests.faults.faulty_store import Call, FaultyStore, Moment


class MemoryStore:
    """The verbs over a dictionary; `made` says when a file got its name, by the store's clock."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.made: dict[str, float] = {}
        self.now = 0.0

    def create(self, key: str, content: bytes) -> bool:
        if key in self.files:
            return False
        self._put(key, content)
        return True

    @contextmanager
    def write(self, key: str) -> Iterator[BinaryIO]:
        if key in self.files:
            raise FileExistsError(key)
        self._put(key, b"")
        file = BytesIO()
        try:
            yield file
        except Exception:  # not Killed: who is dead removes nothing
            self.delete(key)
            raise
        self.files[key] = file.getvalue()

    def read(self, key: str) -> BinaryIO:
        try:
            return BytesIO(self.files[key])
        except KeyError:
            raise FileNotFoundError(key) from None

    def list(self, folder: str) -> list[str]:
        below = (PurePosixPath(key).relative_to(folder) for key in self.files
                 if key.startswith(f"{folder}/"))  # fmt: skip
        return sorted({path.parts[0] for path in below})

    def delete(self, key: str) -> None:
        self.files.pop(key, None)
        self.made.pop(key, None)

    def written_at(self, key: str) -> float:
        return self.made.get(key, float("inf"))

    def location(self, key: str) -> str:
        raise NotImplementedError(f"{key} is in memory, where DuckDB cannot look.")

    def _put(self, key: str, content: bytes) -> None:
        self.files[key], self.made[key] = content, self.now


class OverwritingStore(MemoryStore):
    """A store whose `create` is not exclusive: the last one wins."""

    def create(self, key: str, content: bytes) -> bool:
        self._put(key, content)
        return True


class Killed(BaseException):
    """What a killed process meets at its next call."""


class Actor:
    """A process: work that stops before each of its calls until it is let on."""

    def __init__(self, name: str, stored: MemoryStore, work: Callable[[Any], None]) -> None:
        self.name, self.started_at, self.is_over = name, stored.now, False
        self.error: BaseException | None = None
        self._is_dead = self._loses_answer = False
        self._work, self._store = work, FaultyStore(stored, self._wait)
        self._live = greenlet(self._begin)

    def step(self, *, loses_answer: bool = False) -> None:
        """Let one call happen, or the process end; its answer may be lost on the way."""
        self._loses_answer = loses_answer
        self._live.switch()
        self.is_over = self._live.dead

    def kill(self) -> None:
        """Let nothing happen any more."""
        self._is_dead = True
        while not self.is_over:
            self.step()

    def _begin(self) -> None:
        try:
            if not self._is_dead:
                self._work(self._store)
        except Killed:
            pass
        except BaseException as error:  # the test asks for it
            self.error = error

    def _wait(self, _call: Call, moment: Moment) -> None:
        if moment == "before" and not self._is_dead:
            self._live.parent.switch()
        if self._is_dead:
            raise Killed
        if moment == "after" and self._loses_answer:
            raise TimeoutError("the answer was lost")
