"""Where tasks run: in this process, or in a process for each core or GPU.

Knows processes and their deaths. Does not know what a task does, nor in which order chunks come.
"""

import time
from collections.abc import Iterator, Sequence
from concurrent.futures import BrokenExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import active_children, get_context
from pathlib import Path
from queue import SimpleQueue
from tempfile import TemporaryDirectory
from typing import Any, Protocol
from uuid import UUID

from prefect import get_run_logger
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.objects import State
from prefect.exceptions import PrefectHTTPStatusError
from prefect.futures import PrefectConcurrentFuture
from prefect.states import Crashed
from prefect.task_runners import ProcessPoolTaskRunner

from tasks.artifacts import unless_the_server_is_away
from tasks.embed_chunks import embed_chunks
from tasks.hangs import last_words, watch_this_process
from tasks.in_work import IN_WORK
from tasks.job import ChunkReceipt, EmbedJob
from tasks.places import take_place

Batch = tuple[str, ...]

_HEARSAY_S = 10.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a task over some chunks ended.

    Attributes:
        batch: The chunks.
        receipts: What each cost; nothing where the task failed.
        failure: Why the task failed for good; None: it did not.
        has_died: Whether its process ended in the middle, or one beside it.
        task_run: What the server calls the task, if it died.
    """

    batch: Batch
    receipts: tuple[ChunkReceipt, ...] = ()
    failure: str | None = None
    has_died: bool = False
    task_run: UUID | None = None


class Runner(Protocol):
    """Runs tasks over batches of chunks."""

    num_workers: int

    def submit(self, batch: Batch, first: str) -> None:
        """Begin a task; `first` is the place of its first chunk."""
        ...

    def wait(self) -> Outcome:
        """The next task that ends, of those begun."""
        ...


class LocalRunner:
    """One task after another, in this process."""

    num_workers = 1

    def __init__(self, job: EmbedJob) -> None:
        self._job = job
        self._begun: SimpleQueue[tuple[Batch, str]] = SimpleQueue()

    def submit(self, batch: Batch, first: str) -> None:
        """Remember it until somebody waits."""
        self._begun.put((batch, first))

    def wait(self) -> Outcome:
        """Run it now."""
        batch, first = self._begun.get()
        return _outcome(batch, embed_chunks(self._job, batch, first, return_state=True))


class ProcessRunner:
    """Tasks in processes; when one of these dies, all that were begun count as died."""

    def __init__(
        self, job: EmbedJob, pool: ProcessPoolTaskRunner, num_workers: int, words: Path
    ) -> None:
        """Take a pool whose processes leave their last words in a folder."""
        self.num_workers = num_workers
        self._job, self._pool, self._words = job, pool, words
        self._ended: SimpleQueue[tuple[Batch, PrefectConcurrentFuture[Any]]] = SimpleQueue()

    def submit(self, batch: Batch, first: str) -> None:
        """Hand it to a process that is free, or to the first that will be."""
        values = {"job": self._job, "chunks": batch, "first": first}
        future = self._pool.submit(embed_chunks, values)
        future.add_done_callback(lambda _: self._ended.put((batch, future)))

    def wait(self) -> Outcome:
        """Sleep until one ends."""
        batch, future = self._ended.get()
        try:
            future.wait()
        except (BrokenExecutor, OSError):  # the latter if the pool broke while it was handed over
            for words in last_words(self._words):
                get_run_logger().error("A process ended itself, where it was: %s", words)
            return Outcome(batch, has_died=True, task_run=future.task_run_id)
        return _outcome(batch, future.state)


@contextmanager
def open_processes(job: EmbedJob, num_workers: int) -> Iterator[ProcessRunner]:
    """Processes with one thread each, and a GPU each where the job runs on GPUs.

    They load the encoder at their first task and keep it. One that hangs ends itself. If the block
    fails, all are ended in the middle of their tasks: what is not committed stays owed.
    """
    places = get_context("spawn").Value("i", 0)
    counts = get_context("spawn").Array("d", num_workers, lock=False)
    with (
        TemporaryDirectory() as words,
        IN_WORK.seen_in(counts),
        ProcessPoolTaskRunner(
            max_workers=num_workers,
            initializer=begin_process,
            initargs=(places, job.encoder.device, Path(words), counts),
        ) as pool,
    ):
        try:
            yield ProcessRunner(job, pool, num_workers, Path(words))
        except BaseException:  # a cancelled run has no time to wait for tasks of 30 s
            for child in active_children():
                child.terminate()
            raise


def begin_process(places: Any, device: str, words: Path, counts: Any) -> None:
    """In a new process: take a place, count there, and be watched from then on."""
    IN_WORK.count_into(counts, take_place(places, device) % len(counts))
    watch_this_process(words)


def mark_crashed(task_runs: Sequence[UUID]) -> None:
    """Tell the server what nobody else does: it would show these tasks as running for ever.

    It hears of a task a few seconds late; one that it never heard of is not there to be marked.
    """
    if not task_runs:
        return
    give_up = time.monotonic() + _HEARSAY_S
    with unless_the_server_is_away(), get_client(sync_client=True) as client:
        for task_run in task_runs:
            while not _is_marked(client, task_run) and time.monotonic() < give_up:
                time.sleep(_HEARSAY_S / 20)


def _is_marked(client: SyncPrefectClient, task_run: UUID) -> bool:
    try:
        client.set_task_run_state(task_run, Crashed(message="Its process died."), force=True)
    except PrefectHTTPStatusError:
        return False
    return True


def _outcome(batch: Batch, state: State[Any]) -> Outcome:
    if state.is_completed():
        return Outcome(batch, tuple(state.result()))
    return Outcome(batch, failure=state.message or state.name)
