"""When an encoder runs without padding: the trial, on families with random weights (seed 0)."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from threading import Barrier, BrokenBarrierError
from typing import Any

import numpy as np
import pytest
import torch

from embedding import EncoderSpec, load_encoder
from embedding.packed_attention import _window_mask
from embedding.views import View
from pooling import PoolingSpec

MakeFolder = Callable[..., Path]
WINDOWS_IN_THE_MASK = {
    "doge": {"sliding_window": 25, "num_key_value_heads": 1, "head_dim": 8},
    "llama4_text": {
        "attention_chunk_size": 25,
        "num_key_value_heads": 1,
        "head_dim": 8,
        "intermediate_size_mlp": 32,
        "num_local_experts": 2,
    },
}


@pytest.mark.parametrize("kind", WINDOWS_IN_THE_MASK)
def test_a_family_whose_windows_are_in_its_mask_alone_is_padded(
    kind: str, make_folder: MakeFolder
) -> None:
    folder = make_folder(kind, **WINDOWS_IN_THE_MASK[kind])
    encoder = load_encoder(EncoderSpec(model=str(folder), device="cpu", max_tokens=30))
    assert not encoder.parts.transformer.is_packed


def test_a_window_too_long_to_be_tried_is_left_to_padding(make_folder: MakeFolder) -> None:
    folder = make_folder("mistral", sliding_window=2_000, num_key_value_heads=1, head_dim=8)
    found = [
        load_encoder(EncoderSpec(model=str(folder), device="cpu", max_tokens=max_tokens))
        for max_tokens in (1_999, 2_001)
    ]
    assert [each.parts.transformer.is_packed for each in found] == [True, False]


def test_an_encoder_of_few_positions_is_tried_within_them(make_folder: MakeFolder) -> None:
    folder = make_folder("bert", max_position_embeddings=8)
    spec = EncoderSpec(model=str(folder), device="cpu", long_texts="windows")
    assert load_encoder(spec).parts.transformer.is_packed


def test_two_threads_leave_the_model_as_they_found_it(tiny_bert: Path) -> None:
    encoder = load_encoder(EncoderSpec(model=str(tiny_bert), device="cpu"))
    module = encoder.parts.transformer.module
    own = module.config._attn_implementation
    both_inside = Barrier(2)

    def meet(_module: Any, _inputs: Any) -> None:
        with suppress(BrokenBarrierError):
            both_inside.wait(timeout=0.5)

    hook = module.register_forward_pre_hook(meet)
    with ThreadPoolExecutor(2) as threads:
        first, second = threads.map(encoder.encode, [["a text"], ["another one, of more words"]])
    hook.remove()

    assert module.config._attn_implementation == own
    np.testing.assert_array_equal(first, encoder.encode(["a text"]))
    np.testing.assert_array_equal(second, encoder.encode(["another one, of more words"]))


@pytest.mark.parametrize("kind", ["roberta", "xlm-roberta", "camembert", "bert"])
def test_a_text_that_spells_the_padding_has_one_vector_packed_or_padded(
    kind: str, make_folder: MakeFolder
) -> None:
    encoder = load_encoder(EncoderSpec(model=str(make_folder(kind)), device="cpu"))
    texts = ["w1 w2 [PAD] w3 [PAD] [PAD] w4", "w5 w6", "[PAD] w7"]
    transformer = encoder.parts.transformer
    assert transformer.is_packed
    packed = encoder.encode(texts)
    assert (encoder.parts.tokenizer.tokenize(texts, "").ids == transformer.pad_id).sum() == 4

    encoder._runner._transformer = replace(transformer, is_packed=False)

    np.testing.assert_allclose(packed, encoder.encode(texts), atol=1e-6)


def test_the_mask_of_a_window_is_the_one_that_transformers_has() -> None:
    place = torch.arange(9)
    distance = place.unsqueeze(1) - place
    near = distance.abs() < 3

    with torch.inference_mode():
        both, causal = (
            _window_mask(9, 3, is_causal=each, device=torch.device("cpu")) for each in (False, True)
        )

    assert torch.equal(both, near)
    assert torch.equal(causal, near & (distance >= 0))
    assert not both.is_inference()  # no gradient goes through what is


def test_poolings_of_the_same_tokens_share_them(
    tiny_bert: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    encoder = load_encoder(EncoderSpec(model=str(tiny_bert), device="cpu"))
    real, made = View.batch_of, []

    def batch_of(view: View, *given: Any) -> Any:
        made.append(view)
        return real(view, *given)

    monkeypatch.setattr(View, "batch_of", batch_of)
    names = ("mean", "max", "min")
    poolings = [PoolingSpec(strategy=name) for name in names]
    list(encoder.encode_groups([["a text"]], [*poolings, PoolingSpec(layers=(-2,))]))

    assert len(made) == len(set(made)) == 2
