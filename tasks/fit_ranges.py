"""Fit the ranges of int8 vectors: the smallest and largest value of each dimension in a sample.

Knows which vectors and which texts. The extremes themselves were better than quantiles: see
docs/log.md.
"""

import time
from collections.abc import Iterable

import numpy as np
import torch
from prefect import task
from prefect.cache_policies import NO_CACHE
from pydantic import BaseModel, ConfigDict, Field

from data import CorpusSpec, StoreSpec, open_store, sample_texts
from embedding import (
    EncoderSpec,
    choose_device,
    default_pooling,
    identify_encoder,
)
from pooling import PoolingSpec, Ranges, about_ranges
from tasks.corpus_texts import CorpusReading, about_sample
from tasks.encoders import planned_encoder, vectors_of_sample
from tasks.fitted import fitted_names, load_fitted, name_by_fingerprint, save_fitted
from tasks.retrying import RETRIES, RETRY_DELAY, is_worth_a_retry
from tasks.run_spec import FitSpec
from tasks.spaces import space_dataset


class RangesRequest(BaseModel):
    """What a run of fit-ranges is asked: the parameters of the flow."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    corpus: CorpusSpec
    encoder: EncoderSpec
    pooling: PoolingSpec | None = Field(
        default=None,
        description="The pooling whose vectors are to be int8, by name or as JSON, without "
        "precision. Empty: what the model folder states.",
    )
    store: StoreSpec = StoreSpec()
    sample_texts: int = Field(
        default=10_000,
        ge=1,
        description="Size of the sample: the distinct texts with the smallest hashes. Of n texts, "
        "about 2 in n values of other texts are outside the ranges and are cut to them.",
    )
    run: FitSpec = FitSpec()


class FittedRanges(BaseModel):
    """What was fitted: its name in the store, and the pooling that uses it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    pooling: PoolingSpec
    texts: int
    rejected: int
    unread: tuple[str, ...]
    seconds: float


@task(
    name="fit-ranges",
    task_run_name="fit-ranges-{request.corpus.name}",
    retries=RETRIES,
    retry_delay_seconds=RETRY_DELAY,
    retry_condition_fn=is_worth_a_retry,
    cache_policy=NO_CACHE,
)
def fit_ranges(request: RangesRequest) -> FittedRanges:
    """Fit as a task, so that its time and its errors stand in the run."""
    return fit(request)


def fit(request: RangesRequest) -> FittedRanges:
    """Embed a sample of the corpus, and keep the range of each dimension in the store.

    Raises:
        ValueError: the corpus, the model or the pooling is not what the request says.
        StoreError: the store cannot be used.
    """
    started = time.perf_counter()
    choose_device(request.encoder.device)
    asked = _asked_pooling(request)
    identity = identify_encoder(request.encoder)
    store = open_store(request.store)
    pooling = name_by_fingerprint(store, asked)
    fitted = load_fitted(store, fitted_names([pooling]))
    space = space_dataset(request.encoder, identity, pooling, fitted)  # refused before it is read
    reading = CorpusReading(request.corpus, request.run)
    texts = sample_texts(reading, request.sample_texts)
    encoder = planned_encoder(request.encoder, identity, request.run.token_budget)
    ranges, count = _ranges_of(vectors_of_sample(encoder, texts, pooling, fitted))
    about = about_ranges(pooling, identity.model_dump(mode="json"))
    about |= {"corpus": request.corpus.name, "sample": about_sample(texts)}
    name = save_fitted(store, f"ranges_{space.slug}", ranges.to_fitted(about))
    return FittedRanges(
        name=name,
        pooling=asked.model_copy(update={"precision": "int8", "ranges": name}),
        texts=count,
        rejected=reading.rejected,
        unread=tuple(reading.unread),
        seconds=time.perf_counter() - started,
    )


def _asked_pooling(request: RangesRequest) -> PoolingSpec:
    pooling = request.pooling or default_pooling(request.encoder)
    if pooling.precision != "float32":
        raise ValueError(
            f"ranges are fitted on float32 vectors; found precision {pooling.precision!r}. Leave "
            "pooling.precision out: what is printed at the end has it."
        )
    return pooling


def _ranges_of(groups: Iterable[np.ndarray]) -> tuple[Ranges, int]:
    """Ranges over all vectors, and how many these were."""
    minimum, maximum, count = np.array(np.inf), np.array(-np.inf), 0
    for vectors in groups:
        minimum = np.minimum(minimum, vectors.min(axis=0))
        maximum = np.maximum(maximum, vectors.max(axis=0))
        count += len(vectors)
    return Ranges(_tensor(minimum), _tensor(maximum)), count


def _tensor(values: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(values.astype(np.float32))
