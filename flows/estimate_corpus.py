"""The flow estimate-corpus: `python -m flows.estimate_corpus --help`.

Says what embed-corpus would take with the same arguments, by trying a sample. The work is in
tasks/.
"""

from prefect import flow
from pydantic_settings import SettingsConfigDict
from rich.table import Table

from data import CorpusSpec, StoreSpec
from embedding import EncoderSpec
from flows.command_line import Command, plain_errors
from flows.console import console
from flows.report import warn
from flows.server import require_server
from pooling import PoolingSpec
from tasks.artifacts import create_estimate_artifact
from tasks.estimating.dry_run import EstimateRequest
from tasks.estimating.dry_run import estimate_corpus as estimate_corpus_task
from tasks.estimating.findings import CorpusEstimate, SampleSpec
from tasks.estimating.words import estimate_headline, estimate_rows
from tasks.run_spec import RunSpec


@flow(name="estimate-corpus", flow_run_name="estimate-{corpus.name}")
def estimate_corpus(
    corpus: CorpusSpec,
    encoder: EncoderSpec,
    poolings: tuple[PoolingSpec, ...] = (),
    store: StoreSpec = StoreSpec(),  # noqa: B008 - frozen, and Prefect's form shows its defaults
    run: RunSpec = RunSpec(),  # noqa: B008 - likewise
    sample: SampleSpec = SampleSpec(),  # noqa: B008 - likewise
) -> CorpusEstimate:
    """Estimate what embed-corpus would take, by a dry run over a sample. Nothing is stored.

    Args:
        corpus: What to read.
        encoder: The model that turns tokens into states.
        poolings: How states become vectors; each makes a space of its own. Empty: the model's own.
        store: Where results would be kept; what it has already is not counted. It may not exist.
        run: Sizes, budgets and limits of the run.
        sample: How much is tried.
    """
    request = EstimateRequest(
        corpus=corpus, encoder=encoder, poolings=poolings, store=store, run=run, sample=sample
    )
    with console.status(f"trying a sample of {corpus.name}"):
        estimate = estimate_corpus_task(request)
    create_estimate_artifact(estimate)
    _report(estimate)
    return estimate


def _report(estimate: CorpusEstimate) -> None:
    """The answer first, then what it rests on."""
    console.print(estimate_headline(estimate), style="bold", markup=False)
    table = Table(show_header=False, box=None, padding=(0, 2, 0, 0))
    for label, value in estimate_rows(estimate):
        table.add_row(label, value)
    if table.row_count:
        console.print(table)
    for note in estimate.notes:
        warn(note)


class EstimateCommand(EstimateRequest, Command):
    """Estimate what embed-corpus would take with the same arguments; nothing is stored."""

    model_config = SettingsConfigDict(cli_prog_name="python -m flows.estimate_corpus")


def main() -> None:
    """Obey the command line."""
    asked = EstimateCommand.parse()
    require_server()
    with plain_errors():
        estimate_corpus(
            asked.corpus,
            asked.encoder,
            asked.poolings,
            store=asked.store,
            run=asked.run,
            sample=asked.sample,
        )


if __name__ == "__main__":
    main()
