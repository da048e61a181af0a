"""Our vectors against those of sentence-transformers, from the same weights in float32.

The committed sample is encoded whole by both, with MiniLM. The folders with Dense layers, prompts
and settings are written here by sentence-transformers itself, around a BERT of random weights.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
import torch
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.modules import (
    Dense,
    Dropout,
    Normalize,
    Pooling,
    Transformer,
    WeightedLayerPooling,
)

from embedding import (
    Encoder,
    EncoderSpec,
    default_pooling,
    load_encoder,
    output_dimension,
    save_encoder,
)
from embedding.views import combine_layers
from pooling import PoolingSpec

SAMPLE = Path(__file__).parents[2] / "samples/wordnet12.parquet"
TOLERANCE = 1e-5
TEXTS = ["w1 w2 w3", "w4", "w5 w6 w7 w8 w9 w10 w11", "w12 w1 " * 40]

# Ours, and theirs in the order in which their module puts several side by side.
MODES = {"cls": "cls", "max": "max", "mean": "mean", "last_token": "lasttoken"}
MODES |= {"mean_sqrt_len": "mean_sqrt_len_tokens", "weighted_mean": "weightedmean"}

Vectors = dict[str, np.ndarray]


@pytest.fixture(scope="module")
def sample_texts() -> list[str]:
    texts: list[str] = pq.read_table(SAMPLE, columns=["text"])["text"].to_pylist()
    return texts


@pytest.fixture(scope="module")
def their_vectors(minilm: Path, sample_texts: list[str]) -> Vectors:
    """Every mode of the whole sample, normalised, from one pass."""
    modes = list(MODES.values())
    pooling = Pooling(384, pooling_mode=tuple(modes))
    transformer = SentenceTransformer(str(minilm), device="cpu")[0]
    model = SentenceTransformer(modules=[transformer, pooling], device="cpu")
    wide = torch.from_numpy(model.encode(sample_texts))
    split = torch.nn.functional.normalize(wide.view(len(wide), len(modes), 384), dim=2)
    return dict(zip(MODES, split.numpy().swapaxes(0, 1), strict=True))


@pytest.fixture(scope="module")
def our_vectors(minilm_encoder: Encoder, sample_texts: list[str]) -> Vectors:
    poolings = [PoolingSpec(strategy=name) for name in MODES]
    (found,) = minilm_encoder.encode_groups([sample_texts], poolings)
    return dict(zip(MODES, found.vectors, strict=True))


@pytest.mark.parametrize("name", MODES)
def test_the_whole_sample_has_the_reference_vectors(
    name: str, our_vectors: Vectors, their_vectors: Vectors
) -> None:
    assert our_vectors[name].shape == (6_000, 384)
    assert largest_difference(our_vectors[name], their_vectors[name]) < TOLERANCE


def test_the_default_of_a_folder_is_what_the_reference_does_with_it(
    minilm: Path, minilm_encoder: Encoder
) -> None:
    texts = ["Short.", "A text that is longer than 256 tokens. " * 60]
    reference = SentenceTransformer(str(minilm), device="cpu")
    assert minilm_encoder.identity.max_tokens == reference.max_seq_length == 256
    assert largest_difference(minilm_encoder.encode(texts), reference.encode(texts)) < TOLERANCE


WriteFolder = Callable[..., SentenceTransformer]


@pytest.fixture
def write_folder(make_folder: Callable[..., Path], tmp_path: Path) -> WriteFolder:
    """Saves a sentence-transformers model with these modules after a BERT, and returns it."""

    def write(*modules: torch.nn.Module, **settings: Any) -> SentenceTransformer:
        bert = Transformer(str(make_folder("bert", num_hidden_layers=2)))
        model = SentenceTransformer(modules=[bert, *modules], device="cpu", **settings)
        model.save(str(tmp_path))
        return model

    return write


# What may follow a transformer in such a folder.
CHAINS: dict[str, list[torch.nn.Module]] = {
    "mean": [Pooling(16, "mean")],
    "cls": [Pooling(16, "cls"), Normalize()],
    "last": [Pooling(16, "lasttoken"), Normalize()],
    "sqrt": [Pooling(16, "mean_sqrt_len_tokens")],
    "weighted": [Pooling(16, "weightedmean"), Normalize()],
    "dense": [Pooling(16, "max"), Dense(16, 8), Normalize()],
    "identity": [Pooling(16, "mean"), Dense(16, 24, activation_function=torch.nn.Identity())],
    "two dense": [Pooling(16, "mean"), Dense(16, 8), Dense(8, 4, bias=False), Normalize()],
}


@pytest.mark.parametrize("chain", CHAINS)
def test_a_folder_gives_the_reference_vectors_by_itself(
    chain: str, write_folder: WriteFolder, tmp_path: Path
) -> None:
    reference = write_folder(*CHAINS[chain])
    spec = EncoderSpec(model=str(tmp_path), device="cpu")
    ours = load_encoder(spec).encode(TEXTS)
    assert largest_difference(ours, reference.encode(TEXTS)) < TOLERANCE
    assert output_dimension(spec, default_pooling(spec)) == ours.shape[1]


@pytest.mark.parametrize("chain", CHAINS)
def test_a_folder_that_we_save_gives_both_the_vectors_that_it_had(
    chain: str, write_folder: WriteFolder, tmp_path: Path
) -> None:
    reference, saved = write_folder(*CHAINS[chain]), str(tmp_path / "saved")
    spec = EncoderSpec(model=str(tmp_path), device="cpu")
    pooling = default_pooling(spec)
    save_encoder(load_encoder(spec), Path(saved), pooling)
    again = EncoderSpec(model=saved, device="cpu")
    assert default_pooling(again) == pooling
    expected = reference.encode(TEXTS)
    for found in (load_encoder(again), SentenceTransformer(saved, device="cpu")):
        assert largest_difference(np.asarray(found.encode(TEXTS)), expected) < TOLERANCE


@pytest.mark.parametrize("include_prompt", [True, False])
def test_prompts_of_a_folder_are_put_before_documents_and_queries(
    include_prompt: bool, write_folder: WriteFolder, tmp_path: Path
) -> None:
    pooling = Pooling(16, "mean", include_prompt=include_prompt)
    prompts = {"query": "w50 w51 ", "document": "w52 "}
    reference = write_folder(pooling, Normalize(), prompts=prompts)
    ours = load_encoder(EncoderSpec(model=str(tmp_path), device="cpu"))
    documents, queries = ours.encode(TEXTS), ours.encode(TEXTS, is_query=True)
    assert largest_difference(documents, reference.encode_document(TEXTS)) < TOLERANCE
    assert largest_difference(queries, reference.encode_query(TEXTS)) < TOLERANCE


def test_a_folder_that_asks_for_lower_case_gets_it(
    write_folder: WriteFolder, tmp_path: Path
) -> None:
    write_folder(Pooling(16, "mean"), Normalize())
    settings = {"max_seq_length": 20, "do_lower_case": True}
    (tmp_path / "sentence_bert_config.json").write_text(json.dumps(settings))
    shouted = [text.upper() for text in TEXTS]
    ours = load_encoder(EncoderSpec(model=str(tmp_path), device="cpu")).encode(shouted)
    reference = SentenceTransformer(str(tmp_path), device="cpu").encode(shouted)
    assert largest_difference(ours, reference) < TOLERANCE


def test_a_module_that_is_not_understood_is_refused_by_name(
    write_folder: WriteFolder, tmp_path: Path
) -> None:
    write_folder(Pooling(16, "mean"), Dropout(0.1))
    with pytest.raises(ValueError, match=r"Dropout.*would give other vectors"):
        load_encoder(EncoderSpec(model=str(tmp_path)))


def test_a_pooling_that_is_not_ours_is_refused_by_name(
    write_folder: WriteFolder, tmp_path: Path
) -> None:
    write_folder(Pooling(16, ("mean", "max")))
    with pytest.raises(ValueError, match="pools by mean and max, which is not among"):
        default_pooling(EncoderSpec(model=str(tmp_path)))


def test_places_that_are_counted_from_the_prompt_on_are_refused(
    write_folder: WriteFolder, tmp_path: Path
) -> None:
    write_folder(Pooling(16, "weightedmean", include_prompt=False))
    with pytest.raises(ValueError, match="include_prompt=false: it counts places from the prompt"):
        default_pooling(EncoderSpec(model=str(tmp_path)))


def test_a_mix_is_the_weighted_layer_pooling_of_the_reference() -> None:
    layers = [torch.randn(2, 3, 4, generator=torch.Generator().manual_seed(n)) for n in range(3)]
    weights = torch.tensor([1.0, 0.0, 2.5])
    theirs = WeightedLayerPooling(4, num_hidden_layers=2, layer_start=0, layer_weights=weights)
    expected = theirs({"all_layer_embeddings": layers})["token_embeddings"].flatten(0, 1)
    found = combine_layers([states.flatten(0, 1) for states in layers], "mix", weights.tolist())
    torch.testing.assert_close(found, expected)


def largest_difference(ours: np.ndarray, theirs: np.ndarray) -> float:
    assert ours.shape == theirs.shape
    return float(np.abs(ours - theirs).max())
