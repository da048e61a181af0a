"""Poolings learned on frozen states: what they learn, and that the store has what was learned."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from data import StoreSpec, open_store
from embedding import Encoder, EncoderSpec, load_encoder, trainable_pooling
from labeling import Examples, TrainSpec, default_learned_pooling, train_pooler
from labeling.training.learning import Patience, hold_out
from labeling.training.token_states import FrozenStates
from pooling import PoolingSpec
from tasks.fitted import save_fitted
from tests.pairs import (
    WINDOW,
    Task,
    layer,
    make_still,
    marked_window,
    marked_word,
    order_of_windows,
    order_of_words,
)

LOGITS = 1e-5  # the largest difference of logits
HALF = 2e-3  # and of vectors whose states were kept in half precision
QUICK = TrainSpec(epochs=2, batch_texts=8, learning_rate=0.01)
THOROUGH = TrainSpec(epochs=25, patience=25, batch_texts=8, learning_rate=0.02, dropout=0)

SMALL = {"units": 8}
CASES: dict[str, tuple[Callable[[], Task], dict[str, Any]]] = {
    "mean": (marked_word, {"strategy": "mean"}),
    "float16": (marked_word, {"strategy": "attention", "precision": "float16"}),
    "not scaled": (marked_word, {"strategy": "attention", "normalize": False}),
    "dimensions": (marked_word, {"strategy": "attention", "dimensions": 8}),
    "content": (marked_word, {"strategy": "attention", "special_tokens": False}),
    "mix": (layer, {"strategy": "attention", "layers": (0, 1), "combine": "mix"}),
    "concat": (layer, {"strategy": "attention", "layers": (0, 1), "combine": "concat"}),
    "self_attentive": (marked_word, {"strategy": "self_attentive"}),
    "text_cnn": (order_of_words, {"strategy": "text_cnn", "parameters": {"filters": 8}}),
    "dpcnn": (order_of_words, {"strategy": "dpcnn", "parameters": {"filters": 8, "blocks": 2}}),
    "bilstm": (order_of_words, {"strategy": "bilstm", "parameters": SMALL}),
    "bilstm_attention": (order_of_words, {"strategy": "bilstm_attention", "parameters": SMALL}),
    "text_rcnn": (order_of_words, {"strategy": "text_rcnn", "parameters": SMALL}),
    "hierarchical": (
        order_of_windows,
        {"strategy": "hierarchical_attention", "parameters": SMALL},
    ),
    "windows": (marked_window, {"strategy": "mean", "over_windows": "attention"}),
}
LEARNED = [name for name in CASES if name != "mean"]


@pytest.fixture
def spec(make_folder: Callable[..., Path]) -> EncoderSpec:
    """The encoder that the pairs are made for; it reads windows of nine words."""
    folder = make_folder("bert", num_hidden_layers=1)
    make_still(folder)
    return EncoderSpec(model=str(folder), device="cpu", max_tokens=WINDOW + 2, long_texts="windows")


@pytest.fixture
def encoder(spec: EncoderSpec) -> Encoder:
    return load_encoder(spec)


def pooling_of(case: str) -> PoolingSpec:
    return PoolingSpec.model_validate({"layers": (0,)} | CASES[case][1])


def accuracy(logits: np.ndarray, examples: Examples, rows: np.ndarray) -> float:
    return float((logits.argmax(axis=1) == examples.indicator[rows].argmax(axis=1)).mean())


@pytest.mark.parametrize("case", CASES)
def test_stored_vectors_under_the_head_have_the_logits_of_the_training(
    case: str, encoder: Encoder, small: Any
) -> None:
    examples, pooling = CASES[case][0]().examples, pooling_of(case)
    trained = train_pooler(encoder, examples, pooling, QUICK)

    store = open_store(StoreSpec(path=str(small.store)))
    if trained.fitted is not None:
        name = save_fitted(store, "learned", trained.fitted)
        pooling = pooling.model_copy(update={"weights": name})
    small.write("a.parquet", list(examples.texts))
    small.embed(encoder=encoder.spec, poolings=(pooling,), chunk_rows=64)
    ((space,),) = small.ask("SELECT space FROM spaces")
    stored = np.array([v for (v,) in small.ask(f"SELECT vector FROM {space} ORDER BY row")])
    logits = stored.astype(np.float64) @ trained.fit.weights.T + trained.fit.bias
    np.testing.assert_allclose(logits[examples.test], trained.fit.test_logits, atol=LOGITS)


@pytest.mark.parametrize("case", LEARNED)
def test_training_reads_the_states_that_embedding_pools(case: str, encoder: Encoder) -> None:
    texts, pooling = CASES[case][0]().examples.texts, pooling_of(case)
    trained = trainable_pooling(encoder, pooling)
    if trained.pooler.mix is not None:  # layers that are mixed evenly cancel here
        trained.pooler.mix.scores.data = torch.tensor([0.0, 1.0])
    states = FrozenStates(trained, texts, max_bytes=1_000_000)
    rows = np.array([5, 0, 17, 3])
    ((found, batch),) = states.batches(rows, size=4)
    named = pooling.model_copy(update={"weights": "new"})
    expected = encoder.encode([texts[i] for i in rows], named, fitted={"new": trained.to_fitted()})
    assert found.tolist() == rows.tolist()
    vectors = trained.vectors_of(batch).detach().numpy()
    np.testing.assert_allclose(vectors, expected, atol=HALF)


@pytest.mark.parametrize("case", ["content", "mix", "windows"])
def test_a_learned_pooling_tells_unseen_texts_apart_where_a_mean_cannot(
    case: str, encoder: Encoder
) -> None:
    task = CASES[case][0]()
    learned = train_pooler(encoder, task.examples, pooling_of(case), THOROUGH)
    mean = train_pooler(encoder, task.examples, task.blind, THOROUGH)
    assert accuracy(learned.fit.test_logits, task.examples, task.examples.test) == 1
    assert accuracy(mean.fit.test_logits, task.examples, task.examples.test) == 0.5


def test_rows_that_are_held_out_were_not_learned_from(encoder: Encoder) -> None:
    examples = marked_word().examples
    turned = examples.indicator.copy()
    turned[examples.fold == 0] = ~turned[examples.fold == 0]
    options = QUICK.model_copy(update={"refit": False, "epochs": 1})
    one, other = (
        train_pooler(encoder, replace(examples, indicator=labels), pooling_of("mean"), options)
        for labels in (examples.indicator, turned)
    )
    assert one.fit.held.tolist() == np.flatnonzero(examples.fold == 0).tolist()
    np.testing.assert_array_equal(one.fit.weights, other.fit.weights)


def test_the_last_training_learns_from_all_training_rows(encoder: Encoder) -> None:
    examples = marked_word().examples
    once = QUICK.model_copy(update={"refit": False})
    one, other = (
        train_pooler(encoder, examples, pooling_of("mean"), options) for options in (once, QUICK)
    )
    np.testing.assert_array_equal(one.fit.held_logits, other.fit.held_logits)
    assert not np.array_equal(one.fit.test_logits, other.fit.test_logits)


def test_states_that_do_not_fit_are_read_anew_and_are_the_same(encoder: Encoder) -> None:
    texts, trained = marked_word().examples.texts, trainable_pooling(encoder, pooling_of("mix"))
    rows = np.array([9, 2, 4, 7, 0, 1])
    kept = FrozenStates(trained, texts, max_bytes=1_000_000)
    kept.keep(rows)
    # 32 numbers of 2 bytes a token, and 4 to 9 words with two tokens around: two texts at most
    tight = FrozenStates(trained, texts, max_bytes=22 * 64)
    tight.keep(rows)
    whole = [(row, batch.states) for (row,), batch in kept.batches(rows, size=1)]
    pieces = [(row, batch.states) for (row,), batch in tight.batches(rows, size=1)]
    assert [row for row, _ in whole] == [row for row, _ in pieces] == rows.tolist()
    for (_, one), (_, other) in zip(whole, pieces, strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=0)


def test_texts_are_encoded_once_if_their_states_fit_and_else_in_each_epoch(
    encoder: Encoder,
) -> None:
    examples, seen = marked_word().examples, list[int]()
    module = encoder.parts.transformer.module
    count = lambda *given: seen.append(given[-1].last_hidden_state.shape[1])  # noqa: E731
    hook = module.register_forward_hook(count)
    for states_bytes in (1_000_000, 2_000):
        train_pooler(
            encoder,
            examples,
            pooling_of("content"),
            QUICK.model_copy(update={"states_bytes": states_bytes, "epochs": 5, "patience": 5}),
        )
        seen.append(-1)
    hook.remove()
    first = sum(seen[: seen.index(-1)])
    second = sum(seen[seen.index(-1) + 1 : -1])
    assert second > 3 * first


def test_a_seed_gives_the_same_weights_and_another_one_others(encoder: Encoder) -> None:
    examples = marked_word().examples

    def tensors(seed: int) -> bytes:
        options = QUICK.model_copy(update={"seed": seed})
        fitted = train_pooler(encoder, examples, pooling_of("content"), options).fitted
        assert fitted is not None
        return fitted.to_bytes()

    torch.manual_seed(7)
    expected = torch.rand(1)
    torch.manual_seed(7)
    assert tensors(0) == tensors(0) != tensors(1)
    assert torch.rand(1) == expected  # the caller's own draws go on as if nothing had been drawn


def test_weights_say_on_what_they_were_trained(encoder: Encoder) -> None:
    examples = marked_word().examples
    fitted = train_pooler(encoder, examples, pooling_of("content"), QUICK).fitted
    assert fitted is not None
    assert fitted.about["encoder"] == encoder.identity.model_dump(mode="json")
    assert fitted.about["trained_on"]["num_texts"] == len(examples.train)  # type: ignore[index, call-overload]
    assert "states_bytes" not in fitted.about["training"]  # type: ignore[operator]


def test_several_labels_are_learned_together(encoder: Encoder) -> None:
    task = marked_word()
    examples = task.examples
    both = np.concatenate([examples.indicator, np.ones((len(examples.texts), 1), bool)], axis=1)
    schema = examples.schema.model_copy(
        update={"task": "multi_label", "labels": ("no", "yes", "always")}
    )
    several = replace(examples, schema=schema, indicator=both)
    options = THOROUGH.model_copy(update={"class_weight": "balanced"})
    fit = train_pooler(encoder, several, pooling_of("content"), options).fit
    np.testing.assert_array_equal(fit.test_logits > 0, both[examples.test])


def test_the_default_is_attention_over_a_mix_of_all_layers(tiny_encoder: Encoder) -> None:
    expected = PoolingSpec(strategy="attention", layers=(0, 1, 2), combine="mix")
    assert default_learned_pooling(tiny_encoder) == expected


@pytest.mark.parametrize(
    ("losses", "is_over"),
    [
        ([], False),
        ([1.0], False),
        ([1.0, 1.1], False),
        ([1.0, 1.1, 1.2], True),
        ([1.0, 1.1, 0.9], False),
        ([1.0, 1.1, 0.9, 1.0], True),
        ([1.0, 1.0, 1.0], True),
        ([5.0, 4.0, 3.0, 2.0], True),
    ],
)
def test_it_ends_after_four_epochs_or_two_without_gain(losses: list[float], is_over: bool) -> None:
    assert Patience(epochs=4, patience=2).is_over(losses) is is_over


@pytest.mark.parametrize(
    ("pooling", "said"),
    [
        (PoolingSpec(strategy="attention", weights="old"), "'old' are fitted already"),
        (PoolingSpec(strategy="idf_mean"), "counted, not trained"),
        (PoolingSpec(strategy="attention", precision="binary"), "'binary' lets no gradient"),
        (PoolingSpec(strategy="attention", layers=(5,)), "layers .5. do not exist"),
    ],
)
def test_what_cannot_be_trained_is_refused_in_words(
    pooling: PoolingSpec, said: str, encoder: Encoder
) -> None:
    with pytest.raises(ValueError, match=said):
        train_pooler(encoder, marked_word().examples, pooling, QUICK)


def test_a_text_without_a_token_is_named(encoder: Encoder) -> None:
    examples = marked_word().examples
    texts = [*examples.texts[:3], "", *examples.texts[4:]]
    with pytest.raises(ValueError, match=r"1 texts without a token: \[3\]"):
        train_pooler(encoder, replace(examples, texts=texts), pooling_of("content"), QUICK)


@pytest.mark.parametrize("fold", [np.full(64, -1), np.zeros(64), np.ones(64)])
def test_there_must_be_rows_to_hold_out_and_others(fold: np.ndarray) -> None:
    examples = replace(marked_word().examples, fold=fold.astype(np.int64))
    with pytest.raises(ValueError, match="rows in it and beside it"):
        hold_out(examples, 0)


def test_a_loss_that_is_no_number_is_said(encoder: Encoder) -> None:
    options = TrainSpec(learning_rate=1e30, epochs=3)
    with pytest.raises(ValueError, match="Lower the learning rate"):
        train_pooler(encoder, marked_word().examples, pooling_of("content"), options)
