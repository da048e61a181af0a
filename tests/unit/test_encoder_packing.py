"""When an encoder runs without padding: the trial, on families with random weights (seed 0)."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from threading import Barrier, BrokenBarrierError
from typing import Any

import numpy as np
import pytest

from embedding import EncoderSpec, load_encoder

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
