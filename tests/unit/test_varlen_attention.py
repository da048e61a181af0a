"""What torch's kernel for texts of unequal length is given, and that a model may go that way.

The kernel itself runs on CUDA alone. In its place stands its definition, text by text, in float32.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional
from torch.nn.attention import varlen

from embedding import Encoder, EncoderSpec, load_encoder, packing
from embedding.packed_attention import IN_RUNS
from embedding.varlen_attention import AT_ONCE

MakeFolder = Callable[..., Path]
TEXTS = ["w1 w2 w3", "w4", "w5 w6 w7 w8 w9", "w1 w2 w3 w4 w5 w6 w7 w8 w9 w10 w11 w12"]


def attend(  # noqa: PLR0913, PLR0917 - the signature of torch's function
    query: Tensor,
    key: Tensor,
    value: Tensor,
    cu_seq_q: Tensor,
    cu_seq_k: Tensor,
    max_q: int,
    max_k: int,
    *,
    scale: float | None,
    window_size: Sequence[int],
    enable_gqa: bool,
    num_splits: int,
) -> Tensor:
    """`[tokens, heads, size]`: token i sees j of its text if i - left <= j <= i + right."""
    assert cu_seq_q is cu_seq_k
    assert cu_seq_q.dtype == torch.int32
    lengths = cu_seq_q.diff().tolist()
    assert (max_q, max_k, num_splits) == (max(lengths), max(lengths), 1)
    found = []
    for q, k, v in zip(query.split(lengths), key.split(lengths), value.split(lengths), strict=True):
        place = torch.arange(len(q))
        left, right = (len(q) if each < 0 else each for each in window_size)
        behind = place.unsqueeze(1) - place
        sees = (behind <= left) & (behind >= -right)
        heads = (each.transpose(0, 1) for each in (q, k, v))
        output = functional.scaled_dot_product_attention(
            *heads, attn_mask=sees, scale=scale, enable_gqa=enable_gqa
        )
        found.append(output.transpose(0, 1))
    return torch.cat(found)


@pytest.fixture
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Encoders on this CPU attend as on CUDA, by the definition of its kernel."""
    monkeypatch.setattr(varlen, "varlen_attn", attend)
    monkeypatch.setattr("embedding.model.IN_RUNS", AT_ONCE)


def load(folder: Path, **spec: Any) -> Encoder:
    return load_encoder(EncoderSpec(model=str(folder), device="cpu", **spec))


@pytest.mark.parametrize(
    ("kind", "config"),
    [
        ("bert", {}),
        ("roberta", {}),
        ("modernbert", {"local_attention": 6, "global_attn_every_n_layers": 2}),
        ("qwen3", {"num_key_value_heads": 1, "head_dim": 8}),
        ("mistral", {"sliding_window": 4, "num_key_value_heads": 1, "head_dim": 8}),
    ],
)
def test_vectors_are_those_of_runs(
    kind: str, config: dict[str, Any], make_folder: MakeFolder, request: pytest.FixtureRequest
) -> None:
    folder = make_folder(kind, **config)
    in_runs = load(folder)
    request.getfixturevalue("_at_once")
    at_once = load(folder)
    assert in_runs.parts.transformer.attention.way is IN_RUNS
    assert at_once.parts.transformer.attention.way is AT_ONCE
    assert at_once.parts.transformer.is_packed
    np.testing.assert_allclose(at_once.encode(TEXTS), in_runs.encode(TEXTS), atol=1e-6)


@pytest.mark.usefixtures("_at_once")
def test_a_family_that_must_not_be_packed_is_padded_this_way_too(make_folder: MakeFolder) -> None:
    assert not load(make_folder("mpnet")).parts.transformer.is_packed


@pytest.mark.usefixtures("_at_once")
def test_a_kernel_that_gives_other_states_is_not_used(
    make_folder: MakeFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(varlen, "varlen_attn", lambda query, *_, **__: query)
    assert not load(make_folder()).parts.transformer.is_packed


@pytest.mark.usefixtures("_at_once")
def test_a_torch_without_the_kernel_pads(
    make_folder: MakeFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(varlen, "varlen_attn")
    assert not load(make_folder()).parts.transformer.is_packed


@pytest.mark.usefixtures("_at_once")
@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_half_precisions_are_tried_by_a_tolerance_of_their_own(
    dtype: str, make_folder: MakeFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not load(make_folder(), dtype=dtype).parts.transformer.is_packed
    monkeypatch.setitem(packing.DTYPES, "cpu", packing.DTYPES["cuda"])
    encoder = load(make_folder(), dtype=dtype)
    assert encoder.parts.transformer.is_packed
    assert encoder.encode(TEXTS).shape == (len(TEXTS), 16)
