"""An encoder that was trained with its pooling is a folder like any other, and says the same."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from data import StoreSpec, open_store
from embedding import (
    EncoderSpec,
    identify_encoder,
    load_encoder,
    save_encoder,
)
from labeling import Examples, FineTuned, FineTuneSpec, fine_tune
from pooling import PoolingSpec
from tasks.fitted import save_fitted
from tests.pairs import marked_word, order_of_words

LOGITS = 1e-5  # the largest difference of logits
QUICK = FineTuneSpec(epochs=1, batch_texts=16)
POOLINGS: dict[str, dict[str, Any]] = {
    "mean": {"strategy": "mean"},
    "cls": {"strategy": "cls"},
    "max, not scaled": {"strategy": "max", "normalize": False},
    "one layer": {"strategy": "mean", "layers": (1,)},
    "content": {"strategy": "mean", "special_tokens": False},
    "mix": {"strategy": "attention", "layers": (0, 1, 2), "combine": "mix"},
    "text_cnn": {"strategy": "text_cnn", "parameters": {"filters": 4}},
}


@pytest.fixture
def spec(make_folder: Callable[..., Path]) -> EncoderSpec:
    return EncoderSpec(model=str(make_folder("bert", max_position_embeddings=40)), device="cpu")


@pytest.fixture
def examples() -> Examples:
    return order_of_words().examples


@pytest.mark.parametrize("case", POOLINGS)
def test_vectors_of_the_folder_in_the_store_have_the_logits_of_the_training(
    case: str, spec: EncoderSpec, examples: Examples, small: Any, tmp_path: Path
) -> None:
    pooling = PoolingSpec.model_validate(POOLINGS[case])
    tuned = fine_tune(spec, pooling, examples, QUICK, tmp_path / "tuned")

    if tuned.fitted is not None:
        name = save_fitted(open_store(StoreSpec(path=str(small.store))), "tuned", tuned.fitted)
        pooling = pooling.model_copy(update={"weights": name})
    small.write("a.parquet", list(examples.texts))
    small.embed(encoder=tuned.encoder, poolings=(pooling,), chunk_rows=64)
    ((space,),) = small.ask("SELECT space FROM spaces")
    stored = np.array([v for (v,) in small.ask(f"SELECT vector FROM {space} ORDER BY row")])
    logits = stored.astype(np.float64) @ tuned.fit.weights.T + tuned.fit.bias
    np.testing.assert_allclose(logits[examples.test], tuned.fit.test_logits, atol=LOGITS)
    np.testing.assert_allclose(logits[tuned.fit.held], tuned.fit.held_logits, atol=LOGITS)


def test_training_teaches_the_encoder_what_its_states_did_not_say(
    spec: EncoderSpec, tmp_path: Path
) -> None:
    examples = marked_word().examples
    options = FineTuneSpec(
        epochs=15, patience=15, batch_texts=8, encoder_learning_rate=5e-3, dropout=0
    )
    tuned = fine_tune(spec, PoolingSpec(), examples, options, tmp_path / "tuned")
    found = tuned.fit.test_logits.argmax(axis=1) == examples.indicator[examples.test].argmax(axis=1)
    assert found.mean() > 0.9
    assert min(tuned.fit.log_losses) < 0.3 < np.log(2) < tuned.fit.log_losses[0] + 0.1


@pytest.mark.parametrize("case", ["one layer", "content", "mix", "text_cnn"])
def test_a_folder_does_not_state_a_pooling_that_sentence_transformers_lacks(
    case: str, spec: EncoderSpec, tmp_path: Path
) -> None:
    save_encoder(load_encoder(spec), tmp_path / "saved", PoolingSpec(**POOLINGS[case]))
    assert not (tmp_path / "saved/modules.json").exists()


def test_the_folder_alone_is_the_encoder_with_its_length_and_prompts(
    spec: EncoderSpec, examples: Examples, tmp_path: Path
) -> None:
    asked = spec.model_copy(
        update={"max_tokens": 12, "prompt": "w5 ", "query_prompt": "w6 ", "long_texts": "head_tail"}
    )
    tuned = fine_tune(asked, PoolingSpec(), examples, QUICK, tmp_path / "tuned")
    alone = EncoderSpec(model=str(tmp_path / "tuned"), device="cpu", long_texts="head_tail")
    assert identify_encoder(alone) == identify_encoder(tuned.encoder)
    before, after = identify_encoder(asked), identify_encoder(alone)
    assert (after.max_tokens, after.prompt, after.tokenizer) == (12, "w5 ", before.tokenizer)
    assert after.weights != before.weights
    texts = ["w1 w2", "w3"]
    np.testing.assert_array_equal(
        load_encoder(alone).encode(texts, is_query=True),
        load_encoder(tuned.encoder).encode(texts, is_query=True),
    )


def test_the_encoder_that_was_trained_is_left_as_it_was(
    spec: EncoderSpec, examples: Examples, tmp_path: Path
) -> None:
    before = identify_encoder(spec)
    files = sorted(path.name for path in Path(spec.model).iterdir())
    fine_tune(spec, PoolingSpec(), examples, QUICK, tmp_path / "tuned")
    assert identify_encoder(spec) == before
    assert sorted(path.name for path in Path(spec.model).iterdir()) == files


def test_a_seed_gives_the_same_folder_and_another_one_another(
    spec: EncoderSpec, examples: Examples, tmp_path: Path
) -> None:
    def tune(name: str, seed: int) -> FineTuned:
        options = QUICK.model_copy(update={"seed": seed})
        return fine_tune(spec, PoolingSpec(), examples, options, tmp_path / name)

    one, again, other = tune("one", 0), tune("again", 0), tune("other", 1)
    weights = [identify_encoder(tuned.encoder).weights for tuned in (one, again, other)]
    assert weights[0] == weights[1] != weights[2]
    np.testing.assert_array_equal(one.fit.test_logits, again.fit.test_logits)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"dtype": "bfloat16"}, "weights in training need float32"),
        ({"long_texts": "windows"}, "training reads one window"),
    ],
)
def test_an_encoder_that_cannot_be_trained_is_refused_before_it_is_loaded(
    settings: dict[str, Any], said: str, examples: Examples, tmp_path: Path
) -> None:
    spec = EncoderSpec(model="not-there", **settings)
    with pytest.raises(ValueError, match=said):
        fine_tune(spec, PoolingSpec(), examples, QUICK, tmp_path / "tuned")


def test_a_folder_that_exists_is_refused_before_the_model_is_loaded(
    examples: Examples, tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match=r"exists\. Name a folder that does not"):
        fine_tune(EncoderSpec(model="not-there"), PoolingSpec(), examples, QUICK, tmp_path)


def test_a_training_that_fails_leaves_no_folder(
    spec: EncoderSpec, examples: Examples, tmp_path: Path
) -> None:
    texts = [*examples.texts[:-1], ""]
    with pytest.raises(ValueError, match=r"1 texts without a token: \[63\]"):
        fine_tune(
            spec, PoolingSpec(), replace(examples, texts=texts), QUICK, tmp_path / "new/tuned"
        )
    assert not list(tmp_path.glob("new/*"))


def test_several_labels_with_weights_are_trained(
    spec: EncoderSpec, examples: Examples, tmp_path: Path
) -> None:
    schema = examples.schema.model_copy(update={"task": "multi_label"})
    several = replace(examples, schema=schema)
    options = QUICK.model_copy(update={"class_weight": "balanced"})
    tuned = fine_tune(spec, PoolingSpec(), several, options, tmp_path / "tuned")
    assert tuned.fit.test_logits.shape == (16, 2)
    assert json.loads((tmp_path / "tuned/config.json").read_text())["model_type"] == "bert"
