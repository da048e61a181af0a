"""Learned poolings learn what they claim to, and embed-corpus then gives the vectors of training.

Each is trained with a linear head in a plain loop, on 32 pairs of texts with opposite labels that
have one vector without it: see tests/pairs.py.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from transformers import AutoModel, AutoTokenizer

from data import StoreSpec, open_store
from embedding import Encoder, EncoderSpec
from pooling import PoolingSpec, Sizes, TextPooler, TokenBatch, build_pooler, segments
from tasks.fitted import save_fitted
from tests.pairs import (
    WINDOW,
    Task,
    Words,
    layer,
    make_still,
    marked_window,
    marked_word,
    order_of_windows,
    order_of_words,
)
from tests.token_batches import draw_texts, pack

TOLERANCE = 1e-6
SIZES = Sizes(hidden=16, vocabulary=64)
STEPS = 100

SMALL = {"units": 32}
CLAIMS: dict[str, tuple[Callable[[], Task], dict[str, Any]]] = {
    "attention": (marked_word, {}),
    "self_attentive": (marked_word, {"parameters": {"hops": 2}}),
    "text_cnn": (order_of_words, {"parameters": {"filters": 32}}),
    "dpcnn": (order_of_words, {"parameters": {"filters": 32, "blocks": 3}}),
    "bilstm": (order_of_words, {"parameters": SMALL}),
    "bilstm_attention": (order_of_words, {"parameters": SMALL}),
    "text_rcnn": (order_of_words, {"parameters": SMALL}),
    "hierarchical_attention": (order_of_windows, {"parameters": SMALL}),
    "a mix of layers": (layer, {"strategy": "mean", "layers": (0, 1), "combine": "mix"}),
    "attention over windows": (marked_window, {"strategy": "mean", "over_windows": "attention"}),
}


def spec_of(claim: str, **others: Any) -> PoolingSpec:
    fields = {"strategy": claim, "layers": (0,), "normalize": False, **CLAIMS[claim][1]}
    return PoolingSpec.model_validate(fields | others)


@pytest.fixture
def folder(make_folder: Callable[..., Path]) -> Path:
    """The encoder that the pairs are made for."""
    path = make_folder("bert", num_hidden_layers=1)
    make_still(path)
    return path


def read(folder: Path, texts: Sequence[Words]) -> tuple[TokenBatch, list[Tensor]]:
    """The tokens of the texts, window by window, and their states in both layers."""
    windows = [[t[i : i + WINDOW] for i in range(0, len(t), WINDOW)] for t in texts]
    joined = [" ".join(words) for text in windows for words in text]
    tokens = AutoTokenizer.from_pretrained(folder)(joined, padding=True, return_tensors="pt")
    with torch.no_grad():
        found = AutoModel.from_pretrained(folder)(**tokens, output_hidden_states=True)
    mask = tokens["attention_mask"].bool()
    lengths = mask.sum(dim=1)
    layers = [states[mask] for states in found.hidden_states]
    batch = TokenBatch(
        states=layers[0],
        segment=torch.tensor([i for i, t in enumerate(windows) for _ in t]).repeat_interleave(
            lengths
        ),
        n=len(texts),
        ids=tokens["input_ids"][mask],
        counted=torch.ones(len(layers[0]), dtype=torch.bool),
        window=torch.tensor([i for t in windows for i in range(len(t))]).repeat_interleave(lengths),
    )
    return batch, layers


def pool(pooler: TextPooler, batch: TokenBatch, layers: list[Tensor]) -> Tensor:
    if pooler.mix is not None:
        batch = replace(batch, states=pooler.mix(layers))
    return pooler.pool(batch)


def train(
    parameters: Sequence[nn.Parameter], vectors_of: Callable[[], Tensor], task: Task
) -> float:
    """A head and whatever else there is to learn; returns the share of labels it has right."""
    head = nn.Linear(vectors_of().shape[1], 1)
    optimizer = torch.optim.AdamW([*parameters, *head.parameters()], lr=0.01)
    for _ in range(STEPS):
        logits = head(vectors_of())[:, 0]
        optimizer.zero_grad()
        nn.functional.binary_cross_entropy_with_logits(logits, task.labels).backward()
        optimizer.step()
    return float(((logits > 0) == task.labels.bool()).float().mean())


@pytest.mark.parametrize("claim", CLAIMS)
def test_training_goes_through_slices_of_one_row_as_through_one(
    claim: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    gradients = []
    for slice_bytes in (segments.SLICE_BYTES, 1):
        monkeypatch.setattr(segments, "SLICE_BYTES", slice_bytes)
        torch.manual_seed(0)
        pooler = TextPooler(spec_of(claim, layers=(0, 1)), Sizes(hidden=5, vocabulary=1))
        texts = pack(draw_texts([4, 1, 7], seed=0))
        batch = replace(texts, window=torch.tensor([0, 0, 1, 1, 0, *[0] * 4, *[1] * 3]))
        pool(pooler, batch, [batch.states, -2 * batch.states]).square().sum().backward()
        gradients.append([weights.grad for weights in pooler.parameters()])
    assert any(gradient.any() for gradient in gradients[0])
    torch.testing.assert_close(gradients[0], gradients[1])


@pytest.mark.parametrize("claim", CLAIMS)
def test_a_pooling_without_weights_cannot_tell_a_pair_apart(claim: str, folder: Path) -> None:
    task = CLAIMS[claim][0]()
    batch, layers = read(folder, task.texts)
    states = torch.stack([layers[i] for i in task.blind.layers]).mean(dim=0)
    vectors = TextPooler(task.blind).pool(replace(batch, states=states))
    torch.testing.assert_close(vectors[::2], vectors[1::2], rtol=0, atol=TOLERANCE)
    torch.manual_seed(0)
    assert abs(train([], lambda: vectors, task) - 0.5) < 0.02


@pytest.mark.parametrize("claim", CLAIMS)
def test_a_trained_pooling_can_and_the_store_has_its_vectors(
    claim: str, folder: Path, small: Any
) -> None:
    task = CLAIMS[claim][0]()
    batch, layers = read(folder, task.texts)
    torch.manual_seed(0)
    pooler = TextPooler(spec_of(claim), SIZES)
    assert train([*pooler.parameters()], lambda: pool(pooler, batch, layers), task) == 1
    trained = pool(pooler, batch, layers).detach().numpy()

    store = open_store(StoreSpec(path=str(small.store)))
    name = save_fitted(store, claim, pooler.to_fitted(trained_on="pairs"))
    small.write("a.parquet", [" ".join(text) for text in task.texts])
    encoder = EncoderSpec(
        model=str(folder), device="cpu", max_tokens=WINDOW + 2, long_texts="windows"
    )
    pooling = spec_of(claim, weights=name)
    summary = small.embed(encoder=encoder, poolings=(pooling,), chunk_rows=64)
    assert (summary.is_complete, summary.encoded) == (True, len(task.texts))
    ((space,),) = small.ask("SELECT space FROM spaces")
    stored = [vector for (vector,) in small.ask(f"SELECT vector FROM {space} ORDER BY row")]
    np.testing.assert_allclose(stored, trained, rtol=TOLERANCE, atol=TOLERANCE)


def test_weights_of_one_layer_are_refused_for_another(tiny_encoder: Encoder) -> None:
    sizes = Sizes(hidden=128, vocabulary=30_522)
    fitted = {"mine": TextPooler(PoolingSpec(strategy="attention", layers=(0,)), sizes).to_fitted()}
    last = PoolingSpec(strategy="attention", weights="mine")
    with pytest.raises(ValueError, match=r"fitted with other settings: layers \[0\], found \[-1\]"):
        tiny_encoder.encode(["a text"], last, fitted=fitted)


def test_a_mix_trained_under_one_strategy_is_refused_under_another(tiny_encoder: Encoder) -> None:
    mix = {"layers": (0, 1), "combine": "mix"}
    trained = PoolingSpec.model_validate({"strategy": "gem", "parameters": {"p": 2}, **mix})
    learned = TextPooler(trained).to_fitted()
    for other, said in (
        ({"strategy": "max"}, "for strategy 'gem', and this is 'max'"),
        ({"strategy": "gem", "parameters": {"p": 4}}, r"p 2\.0, found 4\.0"),
    ):
        spec = PoolingSpec.model_validate({**other, **mix, "weights": "mine"})
        with pytest.raises(ValueError, match=said):
            tiny_encoder.encode(["a text"], spec, fitted={"mine": learned})


def test_weights_of_a_training_that_failed_are_refused_before_a_text_is_read() -> None:
    spec = PoolingSpec(strategy="attention", weights="mine")
    fitted = TextPooler(spec, SIZES).to_fitted()
    fitted.tensors["tokens.layers.0.bias"][3] = float("nan")
    with pytest.raises(ValueError, match=r"'mine' hold numbers.*not finite.*tokens.layers.0.bias"):
        build_pooler(spec, SIZES, {"mine": fitted})
