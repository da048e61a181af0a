"""The flow fit-ranges, and its command line: `python -m flows.fit_ranges --help`.

Knows which work in which order, and how the result is used. The work itself is in tasks/.
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
from pooling import PoolingSpec
from tasks.fit_ranges import FittedRanges, RangesRequest
from tasks.fit_ranges import fit_ranges as fit_ranges_task
from tasks.run_spec import FitSpec


@flow(name="fit-ranges", flow_run_name="fit-ranges-{corpus.name}")
def fit_ranges(
    corpus: CorpusSpec,
    encoder: EncoderSpec,
    pooling: PoolingSpec | None = None,
    store: StoreSpec = StoreSpec(),  # noqa: B008 - frozen, and Prefect's form shows its defaults
    sample_texts: int = 10_000,
    run: FitSpec = FitSpec(),  # noqa: B008 - likewise
) -> FittedRanges:
    """Fit the ranges that a space of int8 vectors needs, on a sample of a corpus.

    Args:
        corpus: What to read.
        encoder: The model that the space is of.
        pooling: The pooling that the space is of, without precision. Empty: the model's own.
        store: Where the ranges are kept, under models/.
        sample_texts: Size of the sample: the distinct texts with the smallest hashes.
        run: Sizes and limits.
    """
    request = RangesRequest(
        corpus=corpus,
        encoder=encoder,
        pooling=pooling,
        store=store,
        sample_texts=sample_texts,
        run=run,
    )
    with console.status(f"encoding a sample of {corpus.name}"):
        fitted = fit_ranges_task(request)
    _report(fitted)
    return fitted


def _report(fitted: FittedRanges) -> None:
    console.print(f"Fitted on {fitted.texts:,} texts in {fitted.seconds:.1f} s.")
    for reason in fitted.unread:
        warn(f"tolerated: {reason}")
    report_kept(fitted.name, [fitted.pooling], key="fit-ranges")


class FitRangesCommand(RangesRequest, Command):
    """Fit the ranges of int8 vectors on a sample of a corpus, recorded by the Prefect server."""

    model_config = SettingsConfigDict(cli_prog_name="python -m flows.fit_ranges")


def main() -> None:
    """Obey the command line."""
    request = FitRangesCommand.parse()
    require_server()
    with plain_errors():
        fit_ranges(
            request.corpus,
            request.encoder,
            request.pooling,
            store=request.store,
            sample_texts=request.sample_texts,
            run=request.run,
        )


if __name__ == "__main__":
    main()
