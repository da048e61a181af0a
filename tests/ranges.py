"""Ranges of int8, fitted on the texts of a small corpus."""

from typing import Any

from pooling import PoolingSpec
from tasks.fit_ranges import FittedRanges, RangesRequest, fit

TEXTS = [f"a sentence about the number {n}" for n in range(30)]


def fit_on(
    small: Any, pooling: PoolingSpec | None = None, sample_texts: int = 10_000
) -> FittedRanges:
    """What fit-ranges does, without Prefect; of `small`, a corpus with a store."""
    request = small.request()
    return fit(
        RangesRequest(
            corpus=request.corpus,
            encoder=request.encoder,
            pooling=pooling,
            store=request.store,
            sample_texts=sample_texts,
        )
    )
