"""Families of encoders against transformers, one text at a time; and the check at load.

The models have random weights (seed 0); their texts are of 1 to 40 words, cut at 30 tokens.
"""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import AttentionInterface, AutoModel, AutoTokenizer, BertForPreTraining

from embedding import (
    Encoder,
    EncoderSpec,
    checks,
    load_encoder,
    output_dimension,
    packed_attention,
)
from pooling import PoolingSpec

MakeFolder = Callable[..., Path]
TOLERANCE = 1e-6
LENGTHS = [3, 1, 28, 12, 40, 7]
TEXTS = [" ".join(f"w{i * n % 60}" for i in range(1, n + 1)) for n in LENGTHS]

FAMILIES: dict[str, dict[str, Any]] = {
    "bert": {},
    "roberta": {"max_position_embeddings": 34},
    "xlm-roberta": {"max_position_embeddings": 34},
    "distilbert": {"dim": 16, "n_layers": 2, "n_heads": 2, "hidden_dim": 32},
    "albert": {"embedding_size": 8},
    "electra": {"embedding_size": 8},
    "mpnet": {"pad_token_id": 1, "max_position_embeddings": 34},
    "deberta-v2": {"relative_attention": True, "pos_att_type": ["p2c", "c2p"]},
    "modernbert": {"local_attention": 8, "global_attn_every_n_layers": 2},
    "nomic_bert": {},
    "xlnet": {"d_model": 16, "n_layer": 2, "n_head": 2, "d_inner": 32},
    "gpt2": {"n_embd": 16, "n_layer": 2, "n_head": 2},
    "qwen3": {"head_dim": 8, "num_key_value_heads": 2},
}
TEMPLATES = {"xlnet": "$A:0 [SEP]:0 [CLS]:2", "gpt2": "$A", "qwen3": "$A [SEP]"}
WITHOUT_TYPES = {"roberta", "xlm-roberta", "distilbert", "mpnet", "gpt2", "qwen3"}


@pytest.fixture
def make_family(make_folder: MakeFolder, write_tokenizer: Callable[..., None]) -> MakeFolder:
    def make(kind: str) -> Path:
        folder = make_folder(kind, **FAMILIES[kind])
        settings: dict[str, Any] = {"padding_side": "left" if kind == "xlnet" else "right"}
        if kind in WITHOUT_TYPES:
            settings["model_input_names"] = ["input_ids", "attention_mask"]
        write_tokenizer(folder, TEMPLATES.get(kind, "[CLS] $A [SEP]"), **settings)
        return folder

    return make


def one_by_one(folder: Path) -> list[torch.Tensor]:
    """The reference's token states, without any batch or padding."""
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModel.from_pretrained(folder).eval()
    inputs = [
        tokenizer(text, truncation=True, max_length=30, return_tensors="pt") for text in TEXTS
    ]
    with torch.inference_mode():
        return [model(**each).last_hidden_state[0] for each in inputs]


@pytest.mark.parametrize("kind", FAMILIES)
def test_a_family_gives_in_batches_what_transformers_gives_alone(
    kind: str, make_family: MakeFolder
) -> None:
    folder = make_family(kind)
    expected = torch.stack([states.mean(dim=0) for states in one_by_one(folder)]).numpy()
    spec = EncoderSpec(model=str(folder), device="cpu", max_tokens=30)
    found = load_encoder(spec, token_budget=64).encode(TEXTS, PoolingSpec(normalize=False))
    assert np.abs(found - expected).max() < TOLERANCE * np.abs(expected).max()


# The others have an attention of their own, which mixes the texts of a row without an error.
WITHOUT_PADDING = {
    *("bert", "roberta", "xlm-roberta", "distilbert", "albert", "electra", "modernbert"),
    *("nomic_bert", "gpt2", "qwen3"),
}


@pytest.mark.parametrize("kind", FAMILIES)
def test_a_family_runs_without_padding_where_that_was_tried_and_found_equal(
    kind: str, make_family: MakeFolder
) -> None:
    encoder = load_encoder(EncoderSpec(model=str(make_family(kind)), device="cpu"))
    assert encoder.parts.transformer.is_packed == (kind in WITHOUT_PADDING)


def test_a_family_that_wrongly_says_it_can_run_without_padding_is_padded(
    make_family: MakeFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = EncoderSpec(model=str(make_family("bert")), device="cpu")
    attend = packed_attention.attend_in_runs
    monkeypatch.setitem(
        AttentionInterface._global_mapping,
        packed_attention.IN_RUNS.name,
        lambda *states, runs, **settings: attend(*states, runs=_joined(runs), **settings),
    )
    encoder = load_encoder(spec)
    assert not encoder.parts.transformer.is_packed
    assert encoder.encode(TEXTS).shape == (6, 16)


def _joined(runs: list[packed_attention.Run]) -> list[packed_attention.Run]:
    """One run over all tokens: every text sees every other."""
    return [packed_attention.Run(0, 1, runs[-1].end)]


WITH_POOLER = ["bert", "roberta", "albert", "mpnet"]


@pytest.mark.parametrize("kind", WITH_POOLER)
def test_the_pooler_gives_in_batches_what_transformers_gives_alone(
    kind: str, make_family: MakeFolder
) -> None:
    folder = make_family(kind)
    spec = EncoderSpec(model=str(folder), device="cpu", max_tokens=30)
    pooling = PoolingSpec(strategy="pooler", normalize=False)
    found = load_encoder(spec, token_budget=64).encode(TEXTS, pooling)
    np.testing.assert_allclose(found, pooled_one_by_one(folder), atol=TOLERANCE)


def pooled_one_by_one(folder: Path) -> np.ndarray:
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModel.from_pretrained(folder).eval()
    inputs = [
        tokenizer(text, truncation=True, max_length=30, return_tensors="pt") for text in TEXTS
    ]
    with torch.inference_mode():
        return torch.cat([model(**each).pooler_output for each in inputs]).numpy()


@pytest.mark.parametrize("kind", sorted(FAMILIES.keys() - set(WITH_POOLER) - {"xlm-roberta"}))
def test_a_family_without_a_pooler_is_refused_before_it_is_loaded(
    kind: str, make_family: MakeFolder
) -> None:
    spec = EncoderSpec(model=str(make_family(kind)), device="cpu")
    with pytest.raises(ValueError, match="has none among its weights"):
        output_dimension(spec, PoolingSpec(strategy="pooler"))


def test_a_pooler_that_is_missing_is_refused_and_never_made_up(tiny_bert: Path) -> None:
    spec = EncoderSpec(model=str(tiny_bert), device="cpu")
    with pytest.raises(ValueError, match="splade-tiny' has none among its weights"):
        output_dimension(spec, PoolingSpec(strategy="pooler"))


def test_a_pooler_is_found_behind_the_prefix_of_a_larger_model(make_family: MakeFolder) -> None:
    folder = make_family("bert")
    alone = EncoderSpec(model=str(folder), device="cpu", max_tokens=30)
    pooling = PoolingSpec(strategy="pooler")
    expected = load_encoder(alone).encode(TEXTS, pooling)
    larger = BertForPreTraining.from_pretrained(folder)
    larger.save_pretrained(folder)
    np.testing.assert_allclose(load_encoder(alone).encode(TEXTS, pooling), expected, atol=TOLERANCE)


def test_half_a_pooler_is_a_broken_download(make_family: MakeFolder) -> None:
    folder = make_family("bert")
    weights = load_file(folder / "model.safetensors")
    del weights["pooler.dense.bias"]
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(ValueError, match=r"such as 'pooler.dense.bias'"):
        load_encoder(EncoderSpec(model=str(folder), device="cpu", max_tokens=30))


def test_cls_of_a_left_padded_tokenizer_is_the_last_token(make_family: MakeFolder) -> None:
    folder = make_family("xlnet")
    expected = torch.stack([states[-1] for states in one_by_one(folder)]).numpy()
    encoder = load_encoder(EncoderSpec(model=str(folder), device="cpu", max_tokens=30))
    found = encoder.encode(TEXTS, PoolingSpec(strategy="cls", normalize=False))
    np.testing.assert_allclose(found, expected, atol=TOLERANCE)


def test_the_last_layer_by_its_number_is_the_last_hidden_state(tiny_encoder: Encoder) -> None:
    last, by_number = (PoolingSpec(layers=(layer,)) for layer in (-1, 2))
    first = tiny_encoder.encode(["one text", "and another"], last)
    np.testing.assert_array_equal(
        first, tiny_encoder.encode(["one text", "and another"], by_number)
    )


@pytest.mark.parametrize(("dtype", "tolerance"), [("bfloat16", 3e-2), ("float16", 3e-3)])
def test_half_precision_is_near_float32(dtype: str, tolerance: float, tiny_bert: Path) -> None:
    texts = ["one text", "and another one that is somewhat longer"]
    exact, coarse = (
        load_encoder(
            EncoderSpec.model_validate({"model": str(tiny_bert), "device": "cpu", "dtype": kind})
        ).encode(texts)
        for kind in ("float32", dtype)
    )
    assert 0 < np.abs(coarse - exact).max() < tolerance
    assert coarse.dtype == np.float32


class NeighbourModel(torch.nn.Module):
    """Wraps a model; its states also hold the width of the batch, times a factor."""

    def __init__(self, module: torch.nn.Module, factor: float) -> None:
        super().__init__()
        self.module = module
        self.factor = factor
        self.get_input_embeddings = module.get_input_embeddings

    def forward(self, input_ids: torch.Tensor, **inputs: Any) -> Any:
        output = self.module(input_ids=input_ids, **inputs)
        output.last_hidden_state[:, :, 0] += self.factor * input_ids.shape[1]
        return output


@pytest.mark.parametrize(
    ("factor", "message"),
    [(1.0, "another vector beside longer texts"), (float("nan"), "not finite on cpu in float32")],
)
def test_an_encoder_that_gives_one_text_two_vectors_is_refused(
    factor: float, message: str, tiny_encoder: Encoder
) -> None:
    good = tiny_encoder.parts
    module = NeighbourModel(good.transformer.module, factor)
    transformer = replace(good.transformer, module=module, is_packed=False)
    parts = replace(good, transformer=transformer)
    broken = Encoder(tiny_encoder.spec, tiny_encoder.identity, parts=parts, token_budget=4_096)
    with pytest.raises(ValueError, match=message):
        checks.check_encoder(broken)


def test_every_encoder_is_checked_when_it_is_loaded(
    tiny_bert: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    checked: list[Encoder] = []
    monkeypatch.setattr("embedding.loading.check_encoder", checked.append)
    assert checked == [load_encoder(EncoderSpec(model=str(tiny_bert), device="cpu"))]


def test_the_texts_of_the_check_differ_in_length_so_that_some_are_padded(
    tiny_encoder: Encoder,
) -> None:
    n_tokens = tiny_encoder.parts.tokenizer.tokenize(checks.TEXTS).n_tokens
    assert n_tokens.max() > 2 * n_tokens.min()
