"""The flow compare-poolings, and its command line: `python -m flows.compare_poolings --help`.

Knows which work in which order. The work itself is in tasks/.
"""

from prefect import flow
from pydantic import Field
from pydantic_settings import SettingsConfigDict

from data import CorpusSpec, StoreSpec
from embedding import EncoderSpec
from flows.command_line import Command, plain_errors
from flows.comparison_report import report_comparison
from flows.console import console
from flows.embed_corpus import RunIncomplete, embed_corpus
from flows.server import require_server
from labeling import ENSEMBLES, EnsembleSpec
from pooling import PoolingSpec
from tasks.compare_labelers import compare_labelers
from tasks.comparing.artifacts import create_comparison_artifacts
from tasks.comparing.comparison import Reported
from tasks.comparing.poolings import fixed_poolings
from tasks.run_spec import RunSpec
from tasks.train_labelers import check_labels
from tasks.training.findings import EncoderPoolings
from tasks.training.request import TrainingSpec, TrainRequest

_EVERY_ENSEMBLE = TrainingSpec(ensembles=tuple(EnsembleSpec(ensemble=name) for name in ENSEMBLES))


@flow(name="compare-poolings", flow_run_name="compare-{corpus.name}")
def compare_poolings(  # noqa: PLR0913, PLR0917 - the groups of Prefect's form
    corpus: CorpusSpec,
    label_column: str,
    encoder: EncoderSpec,
    poolings: tuple[PoolingSpec, ...] = (),
    more_encoders: tuple[EncoderSpec, ...] = (),
    training: TrainingSpec = _EVERY_ENSEMBLE,
    store: StoreSpec = StoreSpec(),  # noqa: B008 - frozen, and Prefect's form shows its defaults
    run: RunSpec = RunSpec(),  # noqa: B008 - likewise
) -> Reported:
    """Compare poolings on a labelled corpus: a labeler for each, ensembles, and words alone.

    What is missing of the vectors is embedded first. The answer is a sentence, a table, and a page
    of HTML in the store that needs no network.

    Args:
        corpus: What to read; the label column is among its carry_columns.
        label_column: Holds the label of each document, or a list of labels.
        encoder: The model that turns tokens into states.
        poolings: How states become vectors. Empty: every strategy without weights, and mean over
            several layers.
        more_encoders: Other models to compare with, with the same poolings.
        training: What is trained on each space, and how it is judged.
        store: Where results are kept.
        run: Sizes, budgets and limits.
    """
    if training.promote:
        raise ValueError(
            "training.promote is for train-labeler. Compare first, then promote by name: "
            f"python -m flows.promote {store.path} NAME"
        )
    if "ensembles" not in training.model_fields_set:
        training = training.model_copy(update={"ensembles": _EVERY_ENSEMBLE.ensembles})
    spaces = tuple(
        EncoderPoolings(encoder=each, poolings=poolings or fixed_poolings(each))
        for each in (encoder, *more_encoders)
    )
    return _compare(
        TrainRequest(
            corpus=corpus,
            label_column=label_column,
            spaces=spaces,
            training=training,
            store=store,
            run=run,
        )
    )


def _compare(request: TrainRequest) -> Reported:
    for fact in check_labels(request):
        console.print(fact, markup=False)
    for asked in request.spaces:
        embed_corpus(
            request.corpus, asked.encoder, asked.poolings, store=request.store, run=request.run
        )
    with console.status(f"comparing on {request.corpus.name}"):
        found = compare_labelers(request)
    create_comparison_artifacts(found)
    report_comparison(found, request.store.path)
    return found


class CompareCommand(Command):
    """Compare poolings on a labelled corpus, in this process, recorded by the Prefect server."""

    model_config = SettingsConfigDict(cli_prog_name="python -m flows.compare_poolings")

    corpus: CorpusSpec
    label_column: str = Field(
        description="Holds the label of each document, or a list of labels; among the corpus's "
        "carry_columns."
    )
    encoder: EncoderSpec
    poolings: tuple[PoolingSpec, ...] = Field(
        default=(),
        description="How token states become a vector, by name (mean,cls) or as JSON. Empty: every "
        "strategy without weights, and mean over several layers.",
    )
    more_encoders: tuple[EncoderSpec, ...] = Field(
        default=(), description="Other models to compare with, as JSON, with the same poolings."
    )
    training: TrainingSpec = _EVERY_ENSEMBLE
    store: StoreSpec = StoreSpec()
    run: RunSpec = RunSpec()


def main() -> None:
    """Obey the command line."""
    asked = CompareCommand.parse()
    require_server()
    with plain_errors(RunIncomplete):
        compare_poolings(
            asked.corpus,
            asked.label_column,
            asked.encoder,
            asked.poolings,
            asked.more_encoders,
            training=asked.training,
            store=asked.store,
            run=asked.run,
        )


if __name__ == "__main__":
    main()
