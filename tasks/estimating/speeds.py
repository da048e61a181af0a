"""How fast the encoder is here: at several token budgets, in this process or in several.

Knows seconds and processes. Reads no file of a corpus and writes nothing.
"""

import resource
import statistics
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from multiprocessing import get_context
from threading import Barrier, BrokenBarrierError
from typing import Any

from embedding import Encoder, choose_device
from tasks.encoders import job_encoder, job_fitted, process_encoder
from tasks.job import EmbedJob
from tasks.places import take_place

CPU_BUDGETS = (2_048, 4_096)
_START_TIMEOUT_S = 600.0
_CLEARLY = 1.05  # less is not worth a setting, whatever it measures
_KIB = 1024

_all_ready: Barrier


@dataclass(frozen=True, slots=True)
class Speeds:
    """The same texts at several budgets, in turns.

    Attributes:
        num_processes: How many ran side by side, each with all the texts.
        texts: How many texts each had.
        budget: What the run would use.
        seconds: Those of each round, by budget.
        memory_bytes: The peak of one process, before it tried another budget than its own.
    """

    num_processes: int
    texts: int
    budget: int
    seconds: dict[int, tuple[float, ...]]
    memory_bytes: int

    @property
    def texts_per_second(self) -> float:
        """Of all processes together, at the run's budget."""
        return self.num_processes * self.texts / statistics.median(self.seconds[self.budget])

    @property
    def better(self) -> tuple[int, float] | None:
        """The budget that is clearly faster than the run's in every round, and how many times."""
        present = self.seconds[self.budget]
        gains = {
            budget: [old / new for old, new in zip(present, seconds, strict=True)]
            for budget, seconds in self.seconds.items()
        }
        budget = max(gains, key=lambda each: statistics.median(gains[each]))
        gain = statistics.median(gains[budget])
        return (budget, gain) if gain >= _CLEARLY and min(gains[budget]) > 1 else None


def budgets_to_try(job: EmbedJob) -> tuple[int, ...]:
    """The run's budget first, then others on a CPU; a GPU has room for its default."""
    device = choose_device(job.encoder.device)
    own = job_encoder(job).token_budget
    others = CPU_BUDGETS if device == "cpu" else ()
    return (own, *(budget for budget in others if budget != own))


def time_here(job: EmbedJob, texts: Sequence[str], budgets: Sequence[int], rounds: int) -> Speeds:
    """Measure in this process, with all its threads."""
    seconds, peak = _time_rounds(job, texts, budgets, rounds)
    return Speeds(1, len(texts), budgets[0], seconds, peak)


def time_processes(
    job: EmbedJob, texts: Sequence[str], budgets: Sequence[int], rounds: int, num_processes: int
) -> Speeds | None:
    """Measure in as many processes at once; None: one of them died.

    They are placed as those of a run are: one thread each, and a GPU each where there are GPUs.
    This process lets go of its encoder.
    """
    process_encoder.cache_clear()
    context = get_context("spawn")
    places, barrier = context.Value("i", 0), context.Barrier(num_processes)
    device = job.encoder.device
    with ProcessPoolExecutor(
        num_processes, context, initializer=_begin, initargs=(places, device, barrier)
    ) as pool:
        asked = [
            pool.submit(_time_in_process, job, texts, budgets, rounds) for _ in range(num_processes)
        ]
        try:
            found = [future.result() for future in asked]
        except (BrokenProcessPool, BrokenBarrierError, MemoryError):
            return None
    seconds = {
        budget: tuple(
            statistics.mean(each[budget][number] for each, _ in found) for number in range(rounds)
        )
        for budget in budgets
    }
    peak = max(memory for _, memory in found)
    return Speeds(num_processes, len(texts), budgets[0], seconds, peak)


def _begin(places: Any, device: str, barrier: Any) -> None:
    """In a new process: its place, and where it waits for the others."""
    global _all_ready  # noqa: PLW0603 - an initializer has no other way to hand something over
    take_place(places, device)
    _all_ready = barrier


def _time_in_process(
    job: EmbedJob, texts: Sequence[str], budgets: Sequence[int], rounds: int
) -> tuple[dict[int, tuple[float, ...]], int]:
    """Begun when all processes are ready."""
    try:
        _encode(job, job_encoder(job), texts[:2])
    except BaseException:
        _all_ready.abort()  # else the others wait for this one
        raise
    _all_ready.wait(_START_TIMEOUT_S)
    return _time_rounds(job, texts, budgets, rounds)


def _time_rounds(
    job: EmbedJob, texts: Sequence[str], budgets: Sequence[int], rounds: int
) -> tuple[dict[int, tuple[float, ...]], int]:
    """Seconds by budget, and the peak of memory with the first of them.

    In turns, so that what else the machine does falls on all budgets alike.
    """
    loaded = job_encoder(job)
    encoders = {
        budget: Encoder(loaded.spec, loaded.identity, parts=loaded.parts, token_budget=budget)
        for budget in budgets
    }
    found: dict[int, list[float]] = {budget: [] for budget in budgets}
    peak = 0
    for _ in range(rounds):
        for budget, encoder in encoders.items():
            started = time.perf_counter()
            _encode(job, encoder, texts)
            found[budget].append(time.perf_counter() - started)
            peak = peak or _peak_bytes()
    return {budget: tuple(seconds) for budget, seconds in found.items()}, peak


def _encode(job: EmbedJob, encoder: Encoder, texts: Sequence[str]) -> None:
    poolings = [space.pooling for space in job.spaces]
    for _ in encoder.encode_groups([texts], poolings, job_fitted(job)):
        pass


def _peak_bytes() -> int:
    """The most memory that this process has had."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * _KIB
