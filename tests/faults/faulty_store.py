"""A store whose calls go wrong on demand: the n-th raises, waits, lies or ends its process.

Knows the five verbs. Writing into an open file is a call too, "append". What goes wrong is a fault;
nothing of this is known to the store itself.
"""

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Literal, Protocol

Moment = Literal["before", "after"]


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a verb, counted from 1."""

    number: int
    verb: str
    key: str


class Fault(Protocol):
    """What goes wrong; called before each call, and after each that did its work."""

    def __call__(self, call: Call, moment: Moment) -> None:
        """Let the call pass, or raise, wait, or end the process."""


def no_fault(_call: Call, _moment: Moment) -> None:
    """Every call passes."""


@dataclass(frozen=True)
class AtCall:
    """One action, at one call."""

    number: int
    moment: Moment
    action: Callable[[], Any]

    def __call__(self, call: Call, moment: Moment) -> None:
        if (call.number, moment) == (self.number, self.moment):
            self.action()


def raising(error: BaseException) -> Callable[[], None]:
    """The action of raising this error."""

    def act() -> None:
        raise error

    return act


def kill_this_process() -> None:
    """SIGKILL: no `finally` and no `except` is run."""
    os.kill(os.getpid(), signal.SIGKILL)


def stop_this_process() -> None:
    """SIGSTOP, until somebody sends SIGCONT."""
    os.kill(os.getpid(), signal.SIGSTOP)


class StopAtFirstRecord:
    """Stops its process before it creates its first record."""

    def __init__(self) -> None:
        self.is_done = False

    def __call__(self, call: Call, moment: Moment) -> None:
        if not self.is_done and call.verb == "create" and "/commits/" in call.key:
            self.is_done = True
            stop_this_process()


class FaultyStore:
    """The five verbs of a store, each of which may go wrong; `calls` keeps those that began."""

    def __init__(self, stored: Any, fault: Fault = no_fault) -> None:
        self.stored, self.fault = stored, fault
        self.calls: list[Call] = []
        self._counting = threading.Lock()  # records are read in several threads

    @property
    def root(self) -> Path | str:
        return self.stored.root

    @property
    def workspace(self) -> Path:
        return self.stored.workspace

    @property
    def filesystem(self) -> Any:
        return self.stored.filesystem

    def create(self, key: str, content: bytes) -> bool:
        with self.called("create", key):
            return self.stored.create(key, content)

    @contextmanager
    def write(self, key: str) -> Iterator[BinaryIO]:
        with self.called("write", key), self.stored.write(key) as file:
            yield _FaultyFile(self, key, file)

    def read(self, key: str) -> BinaryIO:
        with self.called("read", key):
            return self.stored.read(key)

    def list(self, folder: str) -> list[str]:
        with self.called("list", folder):
            return self.stored.list(folder)

    def delete(self, key: str) -> None:
        with self.called("delete", key):
            self.stored.delete(key)

    def location(self, key: str) -> str:
        return self.stored.location(key)

    @contextmanager
    def called(self, verb: str, key: str) -> Iterator[None]:
        with self._counting:
            call = Call(len(self.calls) + 1, verb, key)
            self.calls.append(call)
        self.fault(call, "before")
        yield
        self.fault(call, "after")


class _FaultyFile:
    """An open file of which each `write` is a call."""

    def __init__(self, store: FaultyStore, key: str, file: BinaryIO) -> None:
        self._store, self._key, self._file = store, key, file

    def write(self, content: Any) -> int:
        with self._store.called("append", self._key):
            return self._file.write(content)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)


class LyingStore(FaultyStore):
    """Creates the file and then denies it: a request that was sent twice finds its own first."""

    def create(self, key: str, content: bytes) -> bool:
        super().create(key, content)
        return False
