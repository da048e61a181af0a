"""Many processes over one store, killed at random or put to sleep, until so many have died.

Knows when to kill and what to count. A process says in a file of its own where it is; what is
counted are deaths between the first byte of a chunk's parts and the last of its records.
"""

import os
import random
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from multiprocessing.process import BaseProcess
from pathlib import Path

from data import newest_catalog
from tests.commits import space
from tests.faults.accounts import account
from tests.faults.faulty_store import Call, FaultyStore, Moment
from tests.faults.processes import end, send, start
from tests.faults.records import orphans
from tests.faults.runs import begin_run, do_chunks, end_run, whole_run
from tests.faults.work import Job

NUM_PROCESSES = 4
_SLEEP_S, _SLOWNESS_S = (0.05, 0.5), 0.02
_SHARE_OF_SLEEPERS, _SHARE_OF_EARLY = 0.25, 0.1


@dataclass
class Figures:
    """What a storm came to."""

    kills: int = 0
    kills_amid_a_chunk: int = 0
    sleeps: int = 0
    whole_runs: int = 0
    spaces: int = 0
    seconds: float = 0.0

    def __str__(self) -> str:
        return (
            f"{self.kills} kills, {self.kills_amid_a_chunk} of them amid a chunk, {self.sleeps} "
            f"sleeps, {self.whole_runs} runs that ended, {self.spaces} spaces, "
            f"{self.seconds:.0f} s"
        )


class Watch:
    """Slows a process down, and notes in a file whether it is amid a chunk.

    That is: parts are begun whose record is not created.
    """

    def __init__(self, path: Path, seed: int) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT)
        self._random = random.Random(seed)
        self._begun: set[str] = set()
        self._note()

    def __call__(self, call: Call, moment: Moment) -> None:
        dataset = call.key.split("/")[1] if call.key.startswith("datasets/") else None
        if moment == "before" and call.verb in {"write", "create"}:
            time.sleep(self._random.uniform(0, _SLOWNESS_S))
        elif dataset and moment == "after" and call.verb == "append":
            self._begun.add(dataset)
        elif dataset and moment == "after" and call.verb == "create":
            self._begun.discard(dataset)
        self._note()

    def _note(self) -> None:
        os.pwrite(self._file, b"amid" if self._begun else b"idle", 0)


def run_slowly(job: Job, note: Path, seed: int) -> None:
    """A whole run over the chunks in an order of its own."""
    store = FaultyStore(job.open(), Watch(note, seed))
    run = begin_run(store, job.corpus, *job.spaces, name=job.name, chunk_rows=job.chunk_rows)
    do_chunks(store, run, random.Random(seed))
    end_run(store, run)


class _Victim:
    """A process with the moment at which it is to be hit: some time after it began its first chunk,
    or now and then after it began at all.
    """

    def __init__(self, job: Job, note: Path, seed: int, life_s: float) -> None:
        self._random, self._note, self._life_s = random.Random(seed), note, life_s
        self.process: BaseProcess = start(run_slowly, job, note, seed)
        self._waits_for = b"idle" if self._random.random() < _SHARE_OF_EARLY else b"amid"
        self.hit_at: float | None = None
        self.is_asleep = False

    def is_due(self) -> bool:
        """Whether its time has come."""
        if self.hit_at is None and self._says() in {self._waits_for, b"amid"}:
            self.hit_at = time.monotonic() + self._random.uniform(0.0, self._life_s)
        return self.hit_at is not None and time.monotonic() > self.hit_at

    def hit(self, figures: Figures) -> None:
        """Wake it if it sleeps; else put it to sleep or kill it."""
        if self.is_asleep:
            send(self.process, signal.SIGCONT)
            self.is_asleep = False
            self.hit_at = time.monotonic() + self._random.uniform(0.0, self._life_s)
        elif self._random.random() < _SHARE_OF_SLEEPERS:
            send(self.process, signal.SIGSTOP)
            self.is_asleep = True
            self.hit_at = time.monotonic() + self._random.uniform(*_SLEEP_S)
            figures.sleeps += 1
        else:
            self.kill(figures)

    def kill(self, figures: Figures) -> None:
        """SIGKILL, counted unless it has ended by itself."""
        send(self.process, signal.SIGKILL)
        self.process.join()
        if self.process.exitcode == -signal.SIGKILL:
            figures.kills += 1
            figures.kills_amid_a_chunk += self._says() == b"amid"

    def _says(self) -> bytes:
        return self._note.read_bytes() if self._note.exists() else b""


def rage(job: Job, folder: Path, num_kills: int, *, life_s: float = 0.1) -> tuple[Figures, Job]:
    """Let processes run and die until so many were killed, each after so many seconds at most.

    Whenever a run ends, the next ones are asked for one more space. Returns the figures, and the
    job of all spaces that were asked for.
    """
    figures, started = Figures(spaces=1), time.monotonic()
    jobs = _jobs(job)
    asked, spaces = next(jobs), []
    victims: list[_Victim] = []
    for number in _forever():
        spaces = [*spaces, *asked.spaces] if asked.spaces[0] not in spaces else spaces
        while len(victims) < NUM_PROCESSES:
            note = folder / f"note-{number}-{len(victims)}-{figures.kills}"
            named = replace(asked, name=f"run-{number}-{len(victims)}")
            victims.append(_Victim(named, note, 1_000 * number + len(victims), life_s))
        for victim in [each for each in victims if each.is_due() and each.process.is_alive()]:
            victim.hit(figures)
        ended = [each for each in victims if not each.process.is_alive()]
        victims = [each for each in victims if each not in ended]
        codes = [end(each.process) for each in ended]
        assert set(codes) <= {0, -signal.SIGKILL}, f"a run failed: {codes}"
        figures.whole_runs += codes.count(0)
        if 0 in codes:
            asked = next(jobs)
            figures.spaces += 1
        if figures.kills >= num_kills:
            break
        time.sleep(0.002)
    for victim in victims:
        send(victim.process, signal.SIGCONT)
        victim.kill(figures)
    figures.seconds = time.monotonic() - started
    return figures, replace(job, spaces=tuple(spaces))


def end_storm(job: Job) -> str:
    """One more run, after which nothing is owed; what was left and what is there, in words."""
    store = job.open()
    left = len(orphans(store))
    whole_run(store, job.corpus, *job.spaces)
    run = begin_run(store, job.corpus, *job.spaces)
    assert run.owes(store) == []
    assert run.is_sound(store)
    accounts = [account(newest_catalog(store), job.sources, each) for each in job.spaces]
    assert all(each.is_good for each in accounts)
    lost, doubled = (sum(getattr(a, name) for a in accounts) for name in ("lost", "doubled"))
    return (
        f"{left} orphaned parts, {accounts[0].found} rows in each space, {lost} lost, "
        f"{doubled} doubled"
    )


def _jobs(job: Job) -> Iterator[Job]:
    """The job again and again, each time for one more space."""
    for number in _forever():
        yield replace(job, spaces=(space(f"bert_storm{number}"),))


def _forever() -> Iterator[int]:
    number = 0
    while True:
        yield number
        number += 1
