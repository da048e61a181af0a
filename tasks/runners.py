"""Where tasks run: in this process, or in a process for each core or GPU.

Knows processes and their deaths. Does not know what a task does, nor in which order chunks come.
"""

import os
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import BrokenExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import active_children, get_context, parent_process
from queue import SimpleQueue
from threading import Thread
from typing import Any, Protocol
from uuid import UUID

import torch
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.objects import State
from prefect.exceptions import PrefectHTTPStatusError
from prefect.futures import PrefectConcurrentFuture
from prefect.states import Crashed
from prefect.task_runners import ProcessPoolTaskRunner

from embedding import choose_device
from tasks.embed_chunks import embed_chunks
from tasks.job import ChunkReceipt, EmbedJob

Batch = tuple[str, ...]

_HEARSAY_S = 10.0
_ANY_GPU = ("auto", "cuda")


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

    def __init__(self, job: EmbedJob, pool: ProcessPoolTaskRunner, num_workers: int) -> None:
        self.num_workers = num_workers
        self._job, self._pool = job, pool
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
            return Outcome(batch, has_died=True, task_run=future.task_run_id)
        return _outcome(batch, future.state)


@contextmanager
def open_processes(job: EmbedJob, num_workers: int) -> Iterator[ProcessRunner]:
    """Processes with one thread each, and a GPU each where the job runs on GPUs.

    They load the encoder at their first task and keep it. If the block fails, they are ended in the
    middle of their tasks: what is not committed stays owed.
    """
    places = get_context("spawn").Value("i", 0)
    pool = ProcessPoolTaskRunner(
        max_workers=num_workers, initializer=take_place, initargs=(places, job.encoder.device)
    )
    with pool:
        try:
            yield ProcessRunner(job, pool, num_workers)
        except BaseException:  # a cancelled run has no time to wait for tasks of 30 s
            for child in active_children():
                child.terminate()
            raise


def mark_crashed(task_runs: Sequence[UUID]) -> None:
    """Tell the server what nobody else does: it would show these tasks as running for ever.

    It hears of a task a few seconds late; one that it never heard of is not there to be marked.
    """
    if not task_runs:
        return
    give_up = time.monotonic() + _HEARSAY_S
    with get_client(sync_client=True) as client:
        for task_run in task_runs:
            while not _is_marked(client, task_run) and time.monotonic() < give_up:
                time.sleep(_HEARSAY_S / 20)


def _is_marked(client: SyncPrefectClient, task_run: UUID) -> bool:
    try:
        client.set_task_run_state(task_run, Crashed(message="Its process died."), force=True)
    except PrefectHTTPStatusError:
        return False
    return True


def num_places(device: str) -> int:
    """How many processes can work side by side: cores of a CPU, GPUs where the run may take any."""
    if choose_device(device) == "cpu":
        return _num_cores()
    return torch.cuda.device_count() if device in _ANY_GPU else 1


def take_place(places: Any, device: str) -> None:
    """In a new process: one thread, or the next GPU as the only one that it sees.

    A GPU that the run names stays as it is: all processes share it. Without the process that
    started this one nobody asks for more, and it ends.
    """
    Thread(target=_end_with_parent, daemon=True).start()
    with places.get_lock():
        place, places.value = places.value, places.value + 1
    chosen = choose_device(device)
    if chosen == "cpu":
        torch.set_num_threads(1)
    elif chosen.startswith("cuda") and device in _ANY_GPU:
        _show_one_gpu(place)


def _end_with_parent() -> None:
    """A process of a pool does not notice by itself that its run was killed, and keeps its memory.

    What it has not committed stays owed.
    """
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _show_one_gpu(place: int) -> None:
    shown = os.environ.get("CUDA_VISIBLE_DEVICES")
    devices = shown.split(",") if shown else [str(n) for n in range(torch.cuda.device_count())]
    os.environ["CUDA_VISIBLE_DEVICES"] = devices[place % len(devices)]


def _num_cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _outcome(batch: Batch, state: State[Any]) -> Outcome:
    if state.is_completed():
        return Outcome(batch, tuple(state.result()))
    return Outcome(batch, failure=state.message or state.name)
