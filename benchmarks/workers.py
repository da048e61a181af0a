"""Engines in processes of their own, asked in turn: A B A B, whatever else the machine does.

Each process loads its engine once and waits. Texts reach it before the clock starts, and vectors
stay with it until they are asked for. Knows processes and clocks, no engine.
"""

import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import Any
from unittest.mock import patch

import numpy as np
import torch

from benchmarks.results import ENVIRONMENT, NotMeasured, console

# Texts in; a call that encodes them and gives one vector each.
Encode = Callable[[], np.ndarray]
Prepare = Callable[[list[str]], Encode]


@dataclass(frozen=True, slots=True)
class Setup:
    """What all engines of a comparison share; `max_tokens` None: what the model folder states."""

    model: str
    max_tokens: int | None = None
    device: str = "cpu"
    threads: int = 1


@dataclass(frozen=True, slots=True)
class Engine:
    """A way to encode: how it is loaded, and in how many processes of how many threads.

    Attributes:
        load: Called once in each process.
        per_core: Whether there is a process of one thread for each core, which share the texts;
            else one process has all threads.
    """

    load: Callable[[Setup], Prepare]
    per_core: bool = False


@dataclass(frozen=True, slots=True)
class Effort:
    """How long a comparison takes.

    Attributes:
        minutes: Of the peer's time, over all rounds.
        rounds: How often each engine has its turn.
    """

    minutes: float
    rounds: int

    @property
    def round_s(self) -> float:
        """Seconds of the peer in one round."""
        return 60 * self.minutes / self.rounds


@dataclass(frozen=True, slots=True)
class Turn:
    """What encoding once cost: by the clock, and in seconds of cores over all processes."""

    seconds: float
    cpu_seconds: float


class Team:
    """The processes of one engine."""

    def __init__(self, pipes: Sequence[Connection]) -> None:
        self._pipes = pipes
        self._ask_all([("ready", None)] * len(pipes))

    def take(self, texts: Sequence[str]) -> None:
        """Share the texts out; every process gets short and long ones."""
        count = len(self._pipes)
        self._ask_all([("take", list(texts[n::count])) for n in range(count)])

    def encode(self) -> Turn:
        """Encode what was taken, all processes at once."""
        started = time.perf_counter()
        spent = self._ask_all([("encode", None)] * len(self._pipes))
        return Turn(time.perf_counter() - started, sum(spent))

    def vectors(self) -> np.ndarray:
        """The vectors of the last time, in the order of the texts."""
        shares = self._ask_all([("vectors", None)] * len(self._pipes))
        found = np.empty((sum(map(len, shares)), shares[0].shape[1]), np.float32)
        for n, share in enumerate(shares):
            found[n :: len(shares)] = share
        return found

    def _ask_all(self, questions: Sequence[tuple[str, Any]]) -> list[Any]:
        for pipe, question in zip(self._pipes, questions, strict=True):
            pipe.send(question)
        return [_answer(pipe) for pipe in self._pipes]


@contextmanager
def open_team(engine: Engine, setup: Setup, *, cores: int | None = None) -> Iterator[Team]:
    """The engine's processes, loaded, for as long as the block lasts; on all cores or on so many.

    Raises:
        NotMeasured: What the engine needs is not installed.
    """
    cores = cores or num_cores()
    count, threads = (cores, 1) if engine.per_core else (1, cores)
    context = get_context("spawn")
    with ExitStack() as stack:
        pipes = []
        for _ in range(count):
            ours, theirs = context.Pipe()
            given = Setup(setup.model, setup.max_tokens, setup.device, threads)
            process = context.Process(target=_serve, args=(theirs, engine.load, given), daemon=True)
            with patch.dict(os.environ, ENVIRONMENT, clear=True):
                process.start()
            theirs.close()
            stack.callback(process.join, 10)
            stack.callback(ours.close)
            pipes.append(ours)
        yield Team(pipes)


def take_turns(teams: Mapping[str, Team], rounds: int) -> dict[str, list[Turn]]:
    """What each team needed, one entry a round; every second round goes backwards."""
    turns: dict[str, list[Turn]] = {name: [] for name in teams}
    for number in range(rounds):
        for name in list(teams)[:: -1 if number % 2 else 1]:
            turns[name].append(teams[name].encode())
        taken = ", ".join(f"{turns[name][-1].seconds:.1f} s" for name in teams)
        console.print(f"  round of {taken}", style="dim")
    return turns


def num_cores() -> int:
    """Cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _answer(pipe: Connection) -> Any:
    kind, value = pipe.recv()
    if kind == "not measured":
        raise NotMeasured(value)
    return value


def _serve(pipe: Connection, load: Callable[[Setup], Prepare], setup: Setup) -> None:
    """In a new process: load the engine, then obey until the other end closes."""
    os.environ["HF_HUB_DISABLE_PROGRESS_BARS"] = "1"
    torch.set_num_threads(setup.threads)
    try:
        prepare = load(setup)
    except NotMeasured as reason:
        pipe.recv()
        pipe.send(("not measured", str(reason)))
        return
    encode: Encode | None = None
    vectors = np.empty((0, 0), np.float32)
    while True:
        try:
            verb, value = pipe.recv()
        except EOFError:
            return
        answer: Any = None
        if verb == "take":
            encode = prepare(value)
            vectors = prepare(value[:32])()  # the first call pays for what later ones do not
        elif verb == "encode":
            assert encode is not None
            before = time.process_time()
            vectors = encode()
            answer = time.process_time() - before
        elif verb == "vectors":
            answer = vectors
        pipe.send(("done", answer))
