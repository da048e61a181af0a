"""The flow embed-corpus, and its command line: `python -m flows.embed_corpus --help`.

Knows which work in which order. The work itself is in tasks/.
"""

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from uuid import uuid4

from prefect import flow
from prefect.runtime import flow_run
from pydantic_settings import SettingsConfigDict

from data import CorpusSpec, StoreSpec
from embedding import EncoderSpec
from flows.command_line import Command, plain_errors
from flows.report import announce, progress_line, report, warn
from flows.server import require_server
from pooling import PoolingSpec
from tasks.artifacts import ProgressArtifact, create_summary_artifacts
from tasks.embed_chunks import embed_chunks
from tasks.job import ChunkReceipt
from tasks.owed import committed_receipts, count_rejects
from tasks.plan_corpus import EmbedRequest, Work, plan_corpus
from tasks.progress import Progress, watched
from tasks.publish_corpus import publish_corpus, publish_work
from tasks.run_spec import RunSpec
from tasks.summary import Ended, RunSummary, unknown_share, unknown_warning

SECONDS_A_TASK = 30.0
MAX_TASKS = 1000
ROWS_TO_JUDGE_REJECTS_BY = 1000


class RunIncomplete(Exception):
    """The run ended, and something that it was asked for is owed. What is there is published."""


@flow(name="embed-corpus", flow_run_name="embed-{corpus.name}")
def embed_corpus(
    corpus: CorpusSpec,
    encoder: EncoderSpec,
    poolings: tuple[PoolingSpec, ...] = (),
    store: StoreSpec = StoreSpec(),  # noqa: B008 - frozen, and Prefect's form shows its defaults
    run: RunSpec = RunSpec(),  # noqa: B008 - likewise
) -> RunSummary:
    """Embed a corpus of Parquet files: one space per pooling, all from one forward pass.

    What is committed already is not done again; run it as often as you like.

    Args:
        corpus: What to read.
        encoder: The model that turns tokens into states.
        poolings: How states become vectors; each makes a space of its own. Empty: the model's own.
        store: Where results are kept.
        run: Sizes, budgets and limits; nothing here changes a vector.
    """
    started_at = datetime.now(UTC)
    request = EmbedRequest(corpus=corpus, encoder=encoder, poolings=poolings, store=store, run=run)
    work = plan_corpus(request)
    announce(work)
    receipts: list[ChunkReceipt] = []
    try:
        with _shown(work):
            problems = _embed_pending(work, receipts)
    except BaseException as error:  # a cancelled run, too, publishes what it has
        publish_work(work, _ended(started_at, receipts, (f"stopped early: {error!r}",)))
        raise
    summary = publish_corpus(work, _ended(started_at, receipts, problems))
    create_summary_artifacts(summary)
    report(summary)
    if not summary.is_complete:
        raise RunIncomplete(what_is_owed(summary))
    return summary


def _embed_pending(work: Work, receipts: list[ChunkReceipt]) -> tuple[str, ...]:
    """Hand out the owed chunks in tasks of about 30 s; returns why it stopped early, if it did.

    The speed is that of the task before, so the first task has one chunk.
    """
    pending, tasks, size = list(work.chunks), 0, 1
    places = dict(zip(work.chunks, work.places, strict=True))
    while pending:
        batch, pending = tuple(pending[:size]), pending[size:]
        state = embed_chunks(work.job, batch, places[batch[0]], return_state=True)
        if state.is_failed() or state.is_crashed():
            receipts.extend(committed_receipts(work.job, batch))
            done = {receipt.chunk for receipt in receipts}
            stuck = next((name for name in batch if name not in done), batch[-1])
            return (f"{places[stuck]}: {state.message}",)
        made = state.result()
        if not receipts:  # the first chunk shows a tokenizer of the wrong language
            warn(unknown_warning(work.request.encoder.model, unknown_share(made)))
        receipts.extend(made)
        problem = too_many_rejects(
            receipts,
            work.request.run.max_reject_share,
            has_more=bool(pending),
            count_all=partial(count_rejects, work.job),
        )
        if problem:
            return (problem,)
        tasks += 1
        size = chunks_a_task(made, len(pending), MAX_TASKS - tasks)
    return ()


def chunks_a_task(made: list[ChunkReceipt], num_pending: int, num_tasks_left: int) -> int:
    """As many chunks as take 30 s at the speed of these, and enough for the tasks to suffice."""
    seconds = sum(receipt.seconds for receipt in made) / max(len(made), 1)
    by_time = int(SECONDS_A_TASK / seconds) if seconds else num_pending
    return max(1, by_time, math.ceil(num_pending / max(num_tasks_left, 1)))


def too_many_rejects(
    receipts: list[ChunkReceipt],
    max_share: float,
    *,
    has_more: bool,
    count_all: Callable[[], tuple[int, int]],
) -> str | None:
    """The reason to stop, if more rows are rejected than the run allows.

    A few rows do not tell: more are waited for, or else `count_all` gives rows and rejects of the
    whole corpus, so that a nightly run of two bad rows is no failure.
    """
    made = [receipt for receipt in receipts if not receipt.failure]
    rows, rejected = sum(r.rows for r in made), sum(r.rejected for r in made)
    if rejected <= max_share * rows or (has_more and rows < ROWS_TO_JUDGE_REJECTS_BY):
        return None
    if rows < ROWS_TO_JUDGE_REJECTS_BY:
        rows, rejected = count_all()
        if rejected <= max_share * rows:
            return None
    return (
        f"{rejected} of {rows} rows were rejected, more than run.max_reject_share "
        f"({max_share:.0%}) allows. Look at the table rejects; is corpus.text_columns right?"
    )


def what_is_owed(summary: RunSummary) -> str:
    """One line for Prefect's state, the details after it."""
    owed = f"{summary.owed_chunks} chunks are owed" if summary.owed_chunks else "it is not whole"
    head = f"Corpus {summary.corpus}: {owed}. What is there is published in {summary.catalog}."
    return "\n".join([head, *(f"  {problem}" for problem in summary.problems)])


def _ended(started_at: datetime, receipts: list[ChunkReceipt], problems: tuple[str, ...]) -> Ended:
    name, number = flow_run.name or "embed", flow_run.id or uuid4().hex
    return Ended(
        run=f"{name}-{number[:8]}",
        started_at=started_at,
        receipts=tuple(receipts),
        problems=problems,
    )


@contextmanager
def _shown(work: Work) -> Iterator[None]:
    """Show the progress on the terminal and in Prefect's UI while the block lasts."""
    artifact = ProgressArtifact(work.request.corpus.name)
    with progress_line(work.pending_documents) as line:

        def show(progress: Progress) -> None:
            line(progress)
            artifact.show(progress)

        with watched(work, show):
            yield


class EmbedCommand(EmbedRequest, Command):
    """Embed a corpus of Parquet files, in this process, recorded by the Prefect server."""

    model_config = SettingsConfigDict(cli_prog_name="python -m flows.embed_corpus")


def main() -> None:
    """Obey the command line."""
    request = EmbedCommand.parse()
    require_server()
    with plain_errors(RunIncomplete):
        embed_corpus(
            request.corpus, request.encoder, request.poolings, store=request.store, run=request.run
        )


if __name__ == "__main__":
    main()
