"""Vectors of idf_mean and sif_mean by an encoder: by hand, and alone as among others."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
import torch

import tasks.encoders
from data import open_existing_store
from pooling import Fitted, PoolingSpec, name_counts
from tasks.fitted import load_fitted
from tasks.token_weights import ComponentSpec
from tests.token_weights import TEXTS, fit, fit_component

CLS, SEP = 2, 3  # of the words' tokenizer, whose w0 is id 4


def encode(
    encoder: Any, texts: Sequence[str], *, counts: dict[int, int], documents: int, **spec: Any
) -> np.ndarray:
    """With counts of 64 ids, of which as many documents as occurrences have each."""
    table = torch.zeros(64, dtype=torch.int64)
    for token, count in counts.items():
        table[token] = count
    tensors = {
        "token_counts": table,
        "document_counts": table,
        "num_tokens": table.sum(),
        "num_documents": torch.tensor(documents),
    }
    pooling = PoolingSpec(
        **{"strategy": "idf_mean", "weights": "counts", "normalize": False} | spec
    )
    vectors: np.ndarray = encoder.encode(
        texts, pooling, fitted={"counts": Fitted(name_counts(tensors))}
    )
    return vectors


def test_special_tokens_weigh_least_where_they_count(make_arithmetic_encoder: Any) -> None:
    # States are (id, position, layer). In one document of w0, df of [CLS], w0 and [SEP] is 1: all
    # weights are equal. Of four documents of which one has w0, idf is ln(5 / 2) + 1 and 1.
    encoder = make_arithmetic_encoder()
    rare = np.log(5 / 2) + 1
    vectors = encode(
        encoder,
        ["w0"],
        counts={CLS: 4, SEP: 4, 4: 1},
        documents=4,
        special_tokens=True,
        prompt_tokens=True,
    )

    expected = (1 * CLS + rare * 4 + 1 * SEP) / (2 + rare)
    assert vectors[0, 0] == pytest.approx(expected, abs=1e-6)


def test_a_text_alone_has_the_bytes_that_it_has_among_1000_others(
    make_arithmetic_encoder: Any,
) -> None:
    encoder = make_arithmetic_encoder()
    texts = [" ".join(f"w{(n * k) % 60}" for k in range(1, 2 + n % 29)) for n in range(1001)]
    counts = {token: 1 + token % 9 for token in range(64)}
    for strategy in ("idf_mean", "sif_mean"):
        together = encode(encoder, texts, counts=counts, documents=9, strategy=strategy)
        for n in (0, 28, 1000):
            alone = encode(encoder, [texts[n]], counts=counts, documents=9, strategy=strategy)
            assert alone.tobytes() == together[n : n + 1].tobytes()


def test_a_real_model_gives_a_text_the_same_vector_alone_and_among_others(small: Any) -> None:
    # The model's own products of matrices round by the shape of the batch, hence the tolerance.
    small.write("a.parquet", TEXTS)
    component = ComponentSpec(sample_texts=20)
    poolings = (*fit(small).poolings, *fit_component(small, component).poolings)
    store = open_existing_store(str(small.store))
    encoder = tasks.encoders.process_encoder(small.encoder, None)
    for pooling in poolings:
        fitted = load_fitted(store, [str(pooling.weights)])
        together = encoder.encode(TEXTS * 25, pooling, fitted=fitted)
        alone = encoder.encode([TEXTS[5]], pooling, fitted=fitted)
        np.testing.assert_allclose(alone[0], together[5], rtol=0, atol=1e-6)
