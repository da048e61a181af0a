"""The flow fit-token-weights: `python -m flows.fit_token_weights --help`.

Counts the tokens of a corpus for the poolings idf_mean and sif_mean. The work is in tasks/.
"""

from prefect import flow
from pydantic_settings import SettingsConfigDict

from data import CorpusSpec, StoreSpec
from embedding import EncoderSpec
from flows.command_line import Command, plain_errors
from flows.console import console
from flows.kept import report_kept
from flows.report import warn
from flows.server import require_server
from tasks.fit_token_weights import count_tokens, fit_component
from tasks.run_spec import FitSpec
from tasks.token_weights import (
    ComponentSpec,
    FittedWeights,
    WeightsRequest,
    check_request,
)


@flow(name="fit-token-weights", flow_run_name="fit-token-weights-{corpus.name}")
def fit_token_weights(
    corpus: CorpusSpec,
    encoder: EncoderSpec,
    store: StoreSpec = StoreSpec(),  # noqa: B008 - frozen, and Prefect's form shows its defaults
    component: ComponentSpec | None = None,
    run: FitSpec = FitSpec(),  # noqa: B008 - likewise
) -> tuple[FittedWeights, ...]:
    """Count the tokens of a corpus, for idf_mean and sif_mean; the model itself is not needed.

    The counts are kept in the store under a name that the run's log says: poolings call them by it.

    Args:
        corpus: What to read.
        encoder: Whose tokenizer counts.
        store: Where the counts are kept, and the vectors will be.
        component: Also fit what sif_mean removes with remove_component; this runs the model.
        run: Sizes and limits.
    """
    request = WeightsRequest(
        corpus=corpus, encoder=encoder, store=store, component=component, run=run
    )
    check_request(request)
    with console.status(f"counting the tokens of {corpus.name}"):
        table = count_tokens(request)
    _report(table, f"Counted {table.tokens:,} tokens of {table.texts:,} documents")
    if component is None:
        return (table,)
    with console.status(f"encoding a sample of {corpus.name}"):
        fitted = fit_component(request, table)
    share = f"{fitted.component_share:.0%} of their squared length"
    _report(fitted, f"Fitted the component of {fitted.texts:,} texts, {share},")
    return (table, fitted)


def _report(fitted: FittedWeights, done: str) -> None:
    console.print(f"{done} in {fitted.seconds:.1f} s; {fitted.rejected:,} rows have no text.")
    for reason in fitted.unread:
        warn(f"tolerated: {reason}")
    key = "fit-token-weights" if fitted.component_share is None else "fit-component"
    report_kept(fitted.name, fitted.poolings, key=key)


class FitCommand(WeightsRequest, Command):
    """Count the tokens of a corpus, in this process, recorded by the Prefect server."""

    model_config = SettingsConfigDict(cli_prog_name="python -m flows.fit_token_weights")


def main() -> None:
    """Obey the command line."""
    asked = FitCommand.parse()
    require_server()
    with plain_errors():
        fit_token_weights(
            asked.corpus,
            asked.encoder,
            store=asked.store,
            component=asked.component,
            run=asked.run,
        )


if __name__ == "__main__":
    main()
