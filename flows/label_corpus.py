"""The flow label-corpus, and its command line: `python -m flows.label_corpus --help`.

Knows which work in which order. The work itself is in tasks/.
"""

from datetime import UTC, datetime

from prefect import flow, get_run_logger
from pydantic_settings import SettingsConfigDict

from data import CorpusSpec, StoreSpec, catalog_link
from flows.command_line import Command, plain_errors
from flows.console import console
from flows.embed_corpus import RunIncomplete, embed_missing
from flows.night_report import announce_night, report_night
from flows.report import warn
from flows.server import require_server
from tasks.label_chunks import label_owed
from tasks.labelling.artifacts import create_night_artifacts
from tasks.labelling.job import LabelReceipt
from tasks.labelling.night import look_at_night
from tasks.labelling.plan_labels import LabelWork, list_anew, plan_labels
from tasks.labelling.publish import publish_labels, publish_stopped, publish_unseen
from tasks.labelling.request import LabelRequest, NightSpec
from tasks.labelling.summary import LabelSummary, NightEnded, what_night_owes
from tasks.plan_corpus import EmbedRequest
from tasks.run_name import run_name
from tasks.run_spec import RunSpec


@flow(name="label-corpus", flow_run_name="label-{corpus.name}")
def label_corpus(
    corpus: CorpusSpec,
    labelers: tuple[str, ...] = (),
    store: StoreSpec = StoreSpec(),  # noqa: B008 - frozen, and Prefect's form shows its defaults
    night: NightSpec = NightSpec(),  # noqa: B008 - likewise
    run: RunSpec = RunSpec(),  # noqa: B008 - likewise
) -> LabelSummary:
    """Label what is new or changed in a corpus, with the labelers in force; made for every night.

    What a labeler has labelled is not labelled again, and no text is encoded twice. A labeler that
    is new labels all documents, from the vectors that are stored.

    Args:
        corpus: What to read.
        labelers: Titles of labelers in force, or names of stored ones. Empty: all in force.
        store: Where vectors and labels are kept.
        night: The audit, and where encoders run and are found.
        run: Sizes, budgets and limits.
    """
    started_at = datetime.now(UTC)
    request = LabelRequest(corpus=corpus, labelers=labelers, store=store, night=night, run=run)
    work = plan_labels(request, run_name("label"))
    if work is None:
        return _nothing_to_do(request)
    announce_night(work)
    summary = _label(work, NightEnded(started_at=started_at, receipts=()))
    create_night_artifacts(summary)
    report_night(summary)
    if not summary.is_complete:
        raise RunIncomplete(what_night_owes(summary), summary.encoded)
    return summary


def _label(work: LabelWork, ended: NightEnded) -> LabelSummary:
    """Embed, label, look and publish; what was done is looked at even if the night fails."""
    receipts: list[LabelReceipt] = []
    try:
        ended = _embed_missing(work, ended)
        work = list_anew(work)
        with console.status(f"labelling {work.request.corpus.name}"):
            receipts.extend(label_owed(work.job))
        found = look_at_night(work.job, receipts, work.request.night.audit)
    except BaseException as error:  # a cancelled run, too, publishes what it has
        problems = (*ended.problems, f"stopped early: {error!r}")
        stopped = _with(ended, receipts, problems=problems)
        if isinstance(error, Exception):
            publish_stopped(work, stopped)
        else:
            publish_unseen(work, stopped, "it was cancelled")
        raise
    return publish_labels(work, _with(ended, receipts, night=found))


def _embed_missing(work: LabelWork, ended: NightEnded) -> NightEnded:
    """Embed what spaces lack; what cannot be embedded is a problem, and the rest is labelled."""
    asked, encoded, problems = work.request, 0, []
    for missing in work.to_embed:
        request = EmbedRequest(
            corpus=asked.corpus,
            encoder=missing.encoder,
            poolings=missing.poolings,
            store=asked.store,
            run=asked.run,
        )
        try:
            encoded += embed_missing(request).encoded
        except RunIncomplete as error:
            warn(str(error))
            encoded += error.encoded
            problems.append(str(error))
    return ended.model_copy(update={"encoded": encoded, "problems": tuple(problems)})


def _with(ended: NightEnded, receipts: list[LabelReceipt], **changes: object) -> NightEnded:
    return ended.model_copy(update={"receipts": tuple(receipts), **changes})


def _nothing_to_do(request: LabelRequest) -> LabelSummary:
    """A night before the first labeler is no failure: schedules may be there before labelers."""
    path = request.store.path
    said = (
        f"Nothing to do: no labeler is in force in {path}. Train some with train-labeler, and put "
        f"one in force: python -m flows.promote {path} NAME"
    )
    console.print(said, markup=False)
    get_run_logger().info(said)
    return LabelSummary(
        run=run_name("label"),
        corpus=request.corpus.name,
        catalog=str(catalog_link(path)),
        labelers=(),
    )


class LabelCommand(LabelRequest, Command):
    """Label what is new or changed in a corpus, in this process, recorded by the Prefect server."""

    model_config = SettingsConfigDict(cli_prog_name="python -m flows.label_corpus")


def main() -> None:
    """Obey the command line."""
    asked = LabelCommand.parse()
    require_server()
    with plain_errors(RunIncomplete):
        label_corpus(
            asked.corpus, asked.labelers, store=asked.store, night=asked.night, run=asked.run
        )


if __name__ == "__main__":
    main()
