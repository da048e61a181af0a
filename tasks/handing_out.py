"""Which chunks go into which task, and what becomes of them when a process dies.

Knows the order, the size of tasks and the suspects. Does not know where tasks run.
"""

from collections import Counter, deque
from collections.abc import Generator, Iterator, Sequence
from contextlib import ExitStack
from uuid import UUID

from data import open_existing_store
from embedding import choose_device, release_memory
from tasks.encoders import process_encoder
from tasks.job import ChunkReceipt
from tasks.owed import committed_receipts, owed_chunks
from tasks.pacing import MAX_TASKS, are_worth_processes, chunks_a_task
from tasks.places import gain_of_processes, num_places
from tasks.plan_corpus import Work
from tasks.runners import (
    Batch,
    LocalRunner,
    Outcome,
    Runner,
    mark_crashed,
    open_processes,
)

MAX_DEATHS = 3


def run_tasks(work: Work) -> Generator[Outcome, None, None]:
    """Every owed chunk, in tasks of about 30 s, in as many processes as the run asks for.

    Outcomes come as tasks end. One that failed for good is the last: what is owed then is left for
    another run.
    """
    todo = Todo(work)
    dead: list[UUID] = []
    with ExitStack() as at_last, ExitStack() as stack:
        at_last.callback(mark_crashed, dead)
        runner = _first_runner(work, stack)
        while todo.has_more or todo.num_running:
            while todo.has_more and todo.num_running < todo.room(runner.num_workers):
                batch = todo.take(runner.num_workers)
                runner.submit(batch, todo.places[batch[0]])
            outcomes = [runner.wait()]
            if outcomes[0].has_died:
                outcomes += [runner.wait() for _ in range(todo.num_running - 1)]
                dead += [outcome.task_run for outcome in outcomes if outcome.task_run]
                stack.close()
                runner = stack.enter_context(open_processes(work.job, runner.num_workers))
            for outcome in todo.note(outcomes):
                yield outcome
                if outcome.failure is not None:
                    return
            runner = _next_runner(work, todo, runner, stack)


class Todo:
    """The chunks that no task has done yet.

    A chunk whose process died is a suspect. It is done again alone, with no other task beside it,
    so that an innocent one is cleared and a guilty one found.

    Attributes:
        places: File and rows of each chunk, for people.
        num_running: Tasks that were taken and have not ended.
    """

    def __init__(self, work: Work) -> None:
        self.places = dict(zip(work.chunks, work.places, strict=True))
        self.num_running = 0
        self._job = work.job
        self._chunks, self._suspects = deque(work.chunks), deque[str]()
        self._deaths: Counter[str] = Counter()
        self._made: Sequence[ChunkReceipt] | None = None
        self._num_tasks, self._is_alone = 0, False

    @property
    def has_more(self) -> bool:
        """Whether a chunk is left for another task."""
        return bool(self._chunks or self._suspects)

    def room(self, num_workers: int) -> int:
        """How many tasks may run at once."""
        return 1 if self._suspects or self._is_alone else num_workers

    def take(self, num_workers: int) -> Batch:
        """The chunks of the next task: one, while no speed is known; else 30 s of work.

        The last chunks are shared out among the workers.
        """
        self.num_running += 1
        self._num_tasks += 1
        if self._suspects:
            self._is_alone = True
            return (self._suspects.popleft(),)
        size = 1
        if self._made is not None:
            size = chunks_a_task(self._made, len(self._chunks), MAX_TASKS - self._num_tasks)
        share = -(-len(self._chunks) // num_workers)
        return tuple(self._chunks.popleft() for _ in range(min(size, share)))

    def note(self, outcomes: Sequence[Outcome]) -> Iterator[Outcome]:
        """What these came to: a task that died is what it had committed, and suspects."""
        self.num_running -= len(outcomes)
        self._is_alone = False
        for outcome in outcomes:
            if outcome.has_died:
                yield from self._bury(outcome.batch)
            else:
                self._made = outcome.receipts or self._made
                yield outcome

    def are_worth_processes(self, num_workers: int) -> bool:
        """Whether what is left ends sooner in so many processes."""
        gain = gain_of_processes(self._job.encoder.device, num_workers)
        return are_worth_processes(self._made or (), len(self._chunks), num_workers, gain=gain)

    def _bury(self, batch: Batch) -> Iterator[Outcome]:
        receipts = committed_receipts(self._job, batch)
        yield Outcome(batch, tuple(receipts), has_died=True)
        lacking = owed_chunks(open_existing_store(self._job.store.path), self._job, batch)
        owed = [name for name in batch if name in lacking]
        if not owed:
            return
        suspect = owed[0]  # a task does one chunk after another
        self._chunks.extendleft(reversed(owed[1:]))
        self._deaths[suspect] += 1
        self._suspects.append(suspect)
        if self._deaths[suspect] == MAX_DEATHS:
            yield Outcome(
                (suspect,),
                failure=f"the process that embedded it died {MAX_DEATHS} times, without a word: "
                "killed from outside, or for want of memory. Free memory, or lower "
                "run.token_budget, run.num_processes or run.chunk_rows.",
            )


def _first_runner(work: Work, stack: ExitStack) -> Runner:
    if work.request.run.runner == "processes":
        return stack.enter_context(open_processes(work.job, num_processes(work)))
    return LocalRunner(work.job)


def _next_runner(work: Work, todo: Todo, runner: Runner, stack: ExitStack) -> Runner:
    """Processes in the place of this one, as soon as they are worth it."""
    if work.request.run.runner != "auto" or runner.num_workers > 1:
        return runner
    num_workers = num_processes(work)
    if not todo.are_worth_processes(num_workers):
        return runner
    process_encoder.cache_clear()  # the processes load their own
    release_memory(choose_device(work.job.encoder.device))
    return stack.enter_context(open_processes(work.job, num_workers))


def num_processes(work: Work) -> int:
    """How many the run takes where it takes several."""
    return work.request.run.num_processes or num_places(work.job.encoder.device)
