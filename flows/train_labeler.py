"""The flow train-labeler, and its command line: `python -m flows.train_labeler --help`.

Knows which work in which order. The work itself is in tasks/.
"""

from prefect import flow
from pydantic import Field
from pydantic_settings import SettingsConfigDict

from data import CorpusSpec, StoreSpec
from embedding import EncoderSpec
from flows.command_line import Command, plain_errors
from flows.console import console
from flows.embed_corpus import RunIncomplete, embed_corpus
from flows.promote import promote_labeler
from flows.server import require_server
from flows.training_report import report_training
from pooling import PoolingSpec
from tasks.run_spec import RunSpec
from tasks.train_labelers import check_labels, train_labelers
from tasks.training.artifacts import create_training_artifact
from tasks.training.findings import EncoderPoolings, Training
from tasks.training.request import TrainingSpec, TrainRequest


@flow(name="train-labeler", flow_run_name="train-{corpus.name}")
def train_labeler(  # noqa: PLR0913, PLR0917 - the groups of Prefect's form
    corpus: CorpusSpec,
    label_column: str,
    encoder: EncoderSpec,
    poolings: tuple[PoolingSpec, ...] = (),
    training: TrainingSpec = TrainingSpec(),  # noqa: B008 - frozen, and Prefect's form shows it
    store: StoreSpec = StoreSpec(),  # noqa: B008 - likewise
    run: RunSpec = RunSpec(),  # noqa: B008 - likewise
) -> Training:
    """Train labelers on a labelled corpus: one for each pooling and head, and ensembles of them.

    What is missing of the vectors is embedded first. Every labeler is kept in the store, with what
    its test said; none labels anything before it is promoted.

    Args:
        corpus: What to read; the label column is among its carry_columns.
        label_column: Holds the label of each document, or a list of labels.
        encoder: The model that turns tokens into states.
        poolings: How states become vectors; each makes a space of its own. Empty: the model's own.
        training: What is trained, and how it is judged.
        store: Where results are kept.
        run: Sizes, budgets and limits.
    """
    asked = (EncoderPoolings(encoder=encoder, poolings=poolings),)
    request = TrainRequest(
        corpus=corpus,
        label_column=label_column,
        spaces=asked,
        training=training,
        store=store,
        run=run,
    )
    for fact in check_labels(request):
        console.print(fact, markup=False)
    found = train_on_spaces(request)
    report_training(found, store.path, promotes=training.promote)
    create_training_artifact(found)
    if training.promote:
        promote_labeler(store.path, found.labeler(found.recommended).name)
    return found


def train_on_spaces(request: TrainRequest) -> Training:
    """Embed what the spaces lack, train, and embed the spaces that came of it."""
    for asked in request.spaces:
        _embed(request, asked)
    with console.status(f"training on {request.corpus.name}"):
        found = train_labelers(request)
    for learned in found.spaces:
        _embed(request, learned)
    return found


def _embed(request: TrainRequest, asked: EncoderPoolings) -> None:
    """Embed what is missing; nothing is trained on a corpus that could not be embedded whole."""
    embed_corpus(
        request.corpus, asked.encoder, asked.poolings, store=request.store, run=request.run
    )


class TrainCommand(Command):
    """Train labelers on a labelled corpus, in this process, recorded by the Prefect server."""

    model_config = SettingsConfigDict(cli_prog_name="python -m flows.train_labeler")

    corpus: CorpusSpec
    label_column: str = Field(
        description="Holds the label of each document, or a list of labels; among the corpus's "
        "carry_columns."
    )
    encoder: EncoderSpec
    poolings: tuple[PoolingSpec, ...] = Field(
        default=(),
        description="How token states become a vector, by name (mean,cls) or as JSON; labelers are "
        "trained on each. Empty: what the model folder states.",
    )
    training: TrainingSpec = TrainingSpec()
    store: StoreSpec = StoreSpec()
    run: RunSpec = RunSpec()


def main() -> None:
    """Obey the command line."""
    asked = TrainCommand.parse()
    require_server()
    with plain_errors(RunIncomplete):
        train_labeler(
            asked.corpus,
            asked.label_column,
            asked.encoder,
            asked.poolings,
            training=asked.training,
            store=asked.store,
            run=asked.run,
        )


if __name__ == "__main__":
    main()
