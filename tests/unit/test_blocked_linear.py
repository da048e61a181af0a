"""Blocked weights give what plain ones give, wherever they are taken, and come back unchanged."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from embedding import EncoderSpec, load_encoder, load_trainable_encoder, save_encoder
from embedding import blocked_linear as blocked
from embedding.batches import filled_up
from pooling import PoolingSpec

MakeFolder = Callable[..., Path]
FAMILIES = ("bert", "distilbert", "albert", "modernbert")

needs_blocks = pytest.mark.skipif(
    not blocked.can_block(), reason="weights are blocked on x86 with AVX-512"
)


def layers(module: Any, kind: type) -> list[Any]:
    return [each for each in module.modules() if type(each) is kind]


@needs_blocks
@pytest.mark.parametrize("shape", [(384, 1536), (13, 7), (1, 1)])
@pytest.mark.parametrize("has_bias", [True, False])
def test_a_blocked_layer_gives_the_plain_layers_numbers(
    shape: tuple[int, int], has_bias: bool
) -> None:
    torch.manual_seed(0)
    plain = nn.Linear(*shape, bias=has_bias)
    layer = blocked.BlockedLinear(plain)
    for tokens in (1, 5, 300):
        states = torch.randn(1, tokens, shape[0])
        with torch.inference_mode():
            torch.testing.assert_close(layer(states), plain(states), rtol=1e-5, atol=1e-5)


@needs_blocks
def test_blocks_keep_every_bit_of_the_weights_and_the_names_of_the_state() -> None:
    plain = nn.Linear(130, 70)
    layer = blocked.BlockedLinear(plain)
    assert torch.equal(layer.to_plain().weight, plain.weight)
    assert layer.to_plain().bias is plain.bias
    state = layer.state_dict()
    assert set(state) == {"weight", "bias"}
    assert torch.equal(state["weight"], plain.weight)


@needs_blocks
def test_a_gradient_is_refused_not_lost() -> None:
    layer = blocked.BlockedLinear(nn.Linear(4, 4))
    with pytest.raises(RuntimeError, match="unblock_weights first"):
        layer(torch.ones(1, 4, requires_grad=True))


@needs_blocks
def test_a_layer_that_was_derived_from_the_plain_one_stays() -> None:
    class Scaled(nn.Linear):
        def forward(self, states: torch.Tensor) -> torch.Tensor:
            return 2 * super().forward(states)

    module = nn.Sequential(Scaled(2, 2), nn.Linear(2, 2))
    blocked.block_weights(module)
    assert [type(each) for each in module] == [Scaled, blocked.BlockedLinear]


@needs_blocks
@pytest.mark.parametrize("kind", FAMILIES)
def test_encoders_have_blocked_weights_and_vectors_as_with_plain_ones(
    kind: str, make_folder: MakeFolder
) -> None:
    spec = EncoderSpec(model=str(make_folder(kind)), device="cpu")
    texts = ["w1 w2 w3", "w4", "w5 w6 w7 w8 w9"]
    fast, plain = load_encoder(spec), load_trainable_encoder(spec)
    assert layers(fast.parts.transformer.module, blocked.BlockedLinear)
    assert not layers(fast.parts.transformer.module, nn.Linear)
    assert not layers(plain.parts.transformer.module, blocked.BlockedLinear)
    pooling = PoolingSpec(strategy="mean", layers=(0, -1), combine="concat")
    found, expected = fast.encode(texts, pooling), plain.encode(texts, pooling)
    assert abs(found - expected).max() < 1e-5


@needs_blocks
def test_an_encoder_that_is_padded_keeps_plain_weights(make_folder: MakeFolder) -> None:
    encoder = load_encoder(EncoderSpec(model=str(make_folder("mpnet")), device="cpu"))
    assert not layers(encoder.parts.transformer.module, blocked.BlockedLinear)


@needs_blocks
def test_weights_that_cannot_be_blocked_stay_plain(
    make_folder: MakeFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_layer: blocked.BlockedLinear, _plain: nn.Linear) -> None:
        raise RuntimeError("could not create a primitive")

    monkeypatch.setattr(blocked.BlockedLinear, "__init__", refuse)
    transformer = load_encoder(
        EncoderSpec(model=str(make_folder()), device="cpu")
    ).parts.transformer
    assert (transformer.is_packed, transformer.fills_up) == (True, False)
    assert layers(transformer.module, nn.Linear)


@pytest.mark.parametrize(
    ("tokens", "filled"),
    [(1, 64), (64, 64), (65, 128), (1_024, 1_024), (1_025, 1_088), (2_049, 2_176), (8_192, 8_192)],
)
def test_numbers_of_tokens_are_filled_up_to_few(tokens: int, filled: int) -> None:
    assert filled_up(tokens) == filled
    assert len({filled_up(number) for number in range(1, 8_193)}) == 64


@needs_blocks
def test_kernels_are_made_for_few_numbers_of_tokens(
    tiny_bert: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    encoder = load_encoder(EncoderSpec(model=str(tiny_bert), device="cpu"))
    real, seen = blocked.BlockedLinear.forward, set()

    def forward(layer: blocked.BlockedLinear, states: torch.Tensor) -> torch.Tensor:
        seen.add(states.shape[1])
        return real(layer, states)

    monkeypatch.setattr(blocked.BlockedLinear, "forward", forward)
    for count in range(1, 60, 7):
        encoder.encode(["a text of some words"] * count)
    assert seen == {filled_up(number) for number in seen}


@needs_blocks
def test_an_encoder_that_reads_its_weights_itself_keeps_plain_ones(
    make_folder: MakeFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    from transformers.models.bert.modeling_bert import BertIntermediate  # noqa: PLC0415 - patched

    def read(self: Any, states: torch.Tensor) -> torch.Tensor:
        found: torch.Tensor = states @ self.dense.weight.T + self.dense.bias
        return found

    monkeypatch.setattr(BertIntermediate, "forward", read)
    transformer = load_encoder(
        EncoderSpec(model=str(make_folder()), device="cpu")
    ).parts.transformer
    assert not layers(transformer.module, blocked.BlockedLinear)
    assert layers(transformer.module, nn.Linear)


@needs_blocks
def test_a_blocked_encoder_is_saved_whole(tiny_bert: Path, tmp_path: Path) -> None:
    encoder = load_encoder(EncoderSpec(model=str(tiny_bert), device="cpu"))
    assert layers(encoder.parts.transformer.module, blocked.BlockedLinear)
    save_encoder(encoder, tmp_path / "saved", PoolingSpec())
    saved = load_encoder(EncoderSpec(model=str(tmp_path / "saved"), device="cpu"))
    texts = ["a saved encoder", "gives the same"]
    assert (saved.encode(texts) == encoder.encode(texts)).all()


def test_a_processor_without_the_kernels_keeps_plain_weights(
    tiny_bert: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: "AVX2")
    module = load_encoder(EncoderSpec(model=str(tiny_bert), device="cpu")).parts.transformer.module
    assert not layers(module, blocked.BlockedLinear)
