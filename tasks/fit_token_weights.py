"""The tasks of fit-token-weights: count the tokens of a corpus, and fit what sif_mean removes.

Knows the store, the counter of embedding/ and the table of pooling/. No text leaves a task.
"""

import hashlib
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict

import numpy as np
import torch
from prefect import task
from prefect.cache_policies import NO_CACHE
from pydantic import JsonValue

from data import open_existing_store, open_store, sample_texts
from embedding import TokenCounts, identify_encoder, load_counter
from pooling import COMPONENT, Fitted, PoolingSpec, name_counts
from tasks.corpus_texts import CorpusReading, about_sample
from tasks.encoders import planned_encoder, vectors_of_sample
from tasks.fitted import load_fitted, save_fitted
from tasks.retrying import RETRIES, RETRY_DELAY, is_worth_a_retry
from tasks.token_weights import ComponentSpec, FittedWeights, WeightsRequest

_COUNTED = ("idf_mean", "sif_mean")  # poolings that read the counts
# What a pooling does after the component is gone, and the names of what was fitted.
_AFTERWARDS = {"dense", "normalize", "dimensions", "precision", "weights", "ranges"}


@task(
    name="count-tokens",
    task_run_name="count-{request.corpus.name}",
    retries=RETRIES,
    retry_delay_seconds=RETRY_DELAY,
    retry_condition_fn=is_worth_a_retry,
    cache_policy=NO_CACHE,
)
def count_tokens(request: WeightsRequest) -> FittedWeights:
    """Count as a task, so that its time and its errors stand in the run."""
    return count_corpus(request)


@task(
    name="fit-component",
    task_run_name="fit-component-{request.corpus.name}",
    retries=RETRIES,
    retry_delay_seconds=RETRY_DELAY,
    retry_condition_fn=is_worth_a_retry,
    cache_policy=NO_CACHE,
)
def fit_component(request: WeightsRequest, table: FittedWeights) -> FittedWeights:
    """Fit as a task, likewise."""
    return fit_corpus_component(request, table)


def count_corpus(request: WeightsRequest) -> FittedWeights:
    """Count every row's text, whole and without prompt, and keep the table in the store.

    The same texts in the same order and the same tokenizer have the same name, however they are
    cut into files and chunks. Only the tokenizer is loaded. It is not resumed: a run that is killed
    is run again from the start.

    Raises:
        ValueError: the corpus cannot be read whole or has no token, or the model folder has no
            tokenizer.
        StoreError: the store cannot be used.
    """
    started = time.perf_counter()
    identity = identify_encoder(request.encoder)
    counter = load_counter(request.encoder)
    store = open_store(request.store)
    reading = CorpusReading(request.corpus, request.run)
    digest = hashlib.blake2b(digest_size=16)
    for rows in reading:
        counter.add(rows.texts.to_pylist())
        digest.update(b"".join(rows.documents["text_hash"].to_pylist()))
    counts = counter.counts()
    about = _about_counts(request, counts) | {
        "is_whole_corpus": not reading.unread,
        "texts_digest": digest.hexdigest(),
        "tokenizer": identity.tokenizer,
    }
    fitted = Fitted(name_counts(_tensors(counts)), about)
    name = save_fitted(store, f"tokens_{request.corpus.name}", fitted)
    return FittedWeights(
        name=name,
        poolings=tuple(PoolingSpec(strategy=each, weights=name) for each in _COUNTED),
        texts=counts.num_documents,
        tokens=counts.num_tokens,
        rejected=reading.rejected,
        unread=tuple(reading.unread),
        seconds=time.perf_counter() - started,
    )


def fit_corpus_component(request: WeightsRequest, table: FittedWeights) -> FittedWeights:
    """Fit the first right singular vector of a sample's vectors; keep it with the counts.

    The vectors come from the encoder, so the last digits of the component, and with them its name,
    may differ on another machine.

    Raises:
        ValueError: the corpus cannot be read whole, or the encoder cannot be loaded.
    """
    started = time.perf_counter()
    asked = request.component
    assert asked is not None
    store = open_existing_store(request.store.path)
    fitted = load_fitted(store, [table.name])
    identity = identify_encoder(request.encoder)
    encoder = planned_encoder(request.encoder, identity, request.run.token_budget)
    reading = CorpusReading(request.corpus, request.run)
    texts = sample_texts(reading, asked.sample_texts)
    plain = _before_removal(asked.pooling, table.name)
    vectors = vectors_of_sample(encoder, texts, plain, fitted)
    component, share, num_vectors = _first_singular(vectors)
    tensors = fitted[table.name].tensors | name_counts({COMPONENT: torch.from_numpy(component)})
    about = fitted[table.name].about | _about_component(asked, texts)
    about["encoder"] = identity.model_dump(mode="json")
    name = save_fitted(store, f"component_{request.corpus.name}", Fitted(tensors, about))
    return FittedWeights(
        name=name,
        poolings=(asked.pooling.model_copy(update={"weights": name}),),
        texts=num_vectors,
        tokens=table.tokens,
        rejected=reading.rejected,
        unread=tuple(reading.unread),
        component_share=share,
        seconds=time.perf_counter() - started,
    )


def _about_counts(request: WeightsRequest, counts: TokenCounts) -> dict[str, JsonValue]:
    if not counts.num_tokens:
        raise ValueError(
            f"no text of corpus {request.corpus.name!r} has a token, so there is nothing to count. "
            "Is corpus.text_columns right, and was the model made for this language?"
        )
    return {
        "kind": "token_counts",
        "corpus": request.corpus.name,
        "counted": "the whole text of every row, without prompt",
        "documents": counts.num_documents,
        "tokens": counts.num_tokens,
        "vocabulary": len(counts.token_counts),
    }


def _tensors(counts: TokenCounts) -> dict[str, torch.Tensor]:
    return {name: torch.as_tensor(value) for name, value in asdict(counts).items()}


def _before_removal(pooling: PoolingSpec, table: str) -> PoolingSpec:
    """The same pooling with nothing removed, and nothing after that."""
    kept = pooling.model_dump(exclude=_AFTERWARDS)
    kept["parameters"] |= {"remove_component": False}
    return PoolingSpec(**kept, normalize=False, weights=table)


def _about_component(asked: ComponentSpec, texts: Sequence[str]) -> dict[str, JsonValue]:
    return {
        "kind": "token_counts_and_component",
        "pooling": asked.pooling.model_dump(mode="json", exclude=_AFTERWARDS),
        "sample": about_sample(texts),
    }


def _first_singular(groups: Iterator[np.ndarray]) -> tuple[np.ndarray, float, int]:
    """The first right singular vector, its share of the squared lengths, and the number of vectors.

    In float64, from the vectors' second moments: memory holds one group. Of the two signs, the one
    whose largest entry is positive; both remove the same.
    """
    moments, count = np.zeros((1, 1)), 0
    for vectors in groups:
        wide = vectors.astype(np.float64)
        moments = moments + wide.T @ wide
        count += len(vectors)
    values, directions = np.linalg.eigh(moments)
    first = directions[:, -1]
    first = first * np.sign(first[np.abs(first).argmax()])
    return first.astype(np.float32), float(values[-1] / values.sum()), count
