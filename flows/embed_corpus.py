"""The flow embed-corpus, and its command line: `python -m flows.embed_corpus --help`.

Knows which work in which order. The work itself is in tasks/.
"""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from functools import partial

from prefect import flow, get_run_logger
from pydantic_settings import SettingsConfigDict

from data import CorpusSpec, StoreSpec
from embedding import EncoderSpec
from flows.command_line import Command, plain_errors
from flows.report import announce, progress_line, report, warn
from flows.server import require_server
from pooling import PoolingSpec
from tasks.artifacts import ProgressArtifact, create_summary_artifacts
from tasks.handing_out import run_tasks
from tasks.job import ChunkReceipt
from tasks.owed import committed_receipts, count_rejects
from tasks.pacing import too_many_rejects
from tasks.plan_corpus import EmbedRequest, Work, plan_corpus
from tasks.progress import Progress, watched
from tasks.publish_corpus import publish_corpus, publish_work
from tasks.run_name import run_name
from tasks.run_spec import RunSpec
from tasks.runners import Outcome
from tasks.summary import Ended, RunSummary, unknown_share, unknown_warning, what_is_owed


class RunIncomplete(Exception):
    """The run ended, and something that it was asked for is owed. What is there is published.

    Attributes:
        encoded: Texts that went through the model all the same.
    """

    def __init__(self, owed: str, encoded: int = 0) -> None:
        """Say what is owed."""
        super().__init__(owed)
        self.encoded = encoded


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
    request = EmbedRequest(corpus=corpus, encoder=encoder, poolings=poolings, store=store, run=run)
    return _embed(request, with_catalog=True)


@flow(name="embed-missing", flow_run_name="embed-{request.corpus.name}")
def embed_missing(request: EmbedRequest) -> RunSummary:
    """The same within another flow, which publishes the catalog at its own end."""
    return _embed(request, with_catalog=False)


def _embed(request: EmbedRequest, *, with_catalog: bool) -> RunSummary:
    started_at = datetime.now(UTC)
    work = plan_corpus(request)
    announce(work)
    receipts: list[ChunkReceipt] = []
    try:
        with _shown(work):
            problems = _embed_pending(work, receipts)
    except BaseException as error:  # a cancelled run, too, publishes what it has
        _add_committed(work, receipts)
        ended = _ended(started_at, receipts, (f"stopped early: {error!r}",))
        publish_work(work, ended, with_catalog=with_catalog)
        raise
    if problems:
        _add_committed(work, receipts)
    summary = publish_corpus(work, _ended(started_at, receipts, problems), with_catalog)
    create_summary_artifacts(summary)
    report(summary, work)
    if not summary.is_complete:
        raise RunIncomplete(what_is_owed(summary), summary.encoded)
    return summary


def _embed_pending(work: Work, receipts: list[ChunkReceipt]) -> tuple[str, ...]:
    """Embed what is owed; returns why it stopped early, if it did."""
    places = dict(zip(work.chunks, work.places, strict=True))
    with closing(run_tasks(work)) as outcomes:
        for outcome in outcomes:
            if outcome.has_died:
                _say_death(places[_stuck(outcome, list(outcome.receipts))])
            if outcome.failure is not None:
                receipts.extend(committed_receipts(work.job, outcome.batch))
                return (f"{places[_stuck(outcome, receipts)]}: {outcome.failure}",)
            if not receipts:  # the first chunk shows a tokenizer of the wrong language
                warn(unknown_warning(work.request.encoder.model, unknown_share(outcome.receipts)))
            receipts.extend(outcome.receipts)
            problem = too_many_rejects(
                receipts,
                work.request.run.max_reject_share,
                has_more=len(receipts) < len(work.chunks),
                count_all=partial(count_rejects, work.job),
            )
            if problem:
                return (problem,)
    return ()


def _add_committed(work: Work, receipts: list[ChunkReceipt]) -> None:
    """A run that stops early counts, too, what tasks had committed and could not say any more."""
    said = {receipt.chunk for receipt in receipts}
    unsaid = [name for name in work.chunks if name not in said]
    receipts.extend(committed_receipts(work.job, unsaid))


def _say_death(place: str) -> None:
    """Tell who waits, and who reads the run's log tomorrow."""
    text = f"a process died, at {place} or beside it. What it had not committed is done again."
    warn(text)
    get_run_logger().warning(text)


def _stuck(outcome: Outcome, receipts: list[ChunkReceipt]) -> str:
    """The chunk at which a task failed: its first that is not done."""
    done = {receipt.chunk for receipt in receipts}
    return next((name for name in outcome.batch if name not in done), outcome.batch[-1])


def _ended(started_at: datetime, receipts: list[ChunkReceipt], problems: tuple[str, ...]) -> Ended:
    return Ended(
        run=run_name("embed"),
        started_at=started_at,
        receipts=tuple(receipts),
        problems=problems,
    )


@contextmanager
def _shown(work: Work) -> Iterator[None]:
    """Show the progress on the terminal and in Prefect's UI while the block lasts."""
    artifact = ProgressArtifact(work.request.corpus.name)
    with progress_line(work.pending_rows) as line:

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
