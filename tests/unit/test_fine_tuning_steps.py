"""The steps of fine-tuning: gradients that no batch changes, rates that rise and fall."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from embedding import EncoderSpec, load_trainable_encoder, trainable_pooling
from embedding.runner import BatchRunner
from labeling import Examples, FineTuneSpec
from labeling.training.fine_tune_learner import FineTuneLearner
from labeling.training.fine_tuning import _descent, _learner
from pooling import PoolingSpec
from tests.pairs import order_of_words

QUICK = FineTuneSpec(epochs=1, batch_texts=16)


@pytest.fixture
def spec(make_folder: Callable[..., Path]) -> EncoderSpec:
    return EncoderSpec(model=str(make_folder("bert", max_position_embeddings=40)), device="cpu")


@pytest.fixture
def examples() -> Examples:
    return order_of_words().examples


def make_learner(spec: EncoderSpec, examples: Examples, *, token_budget: int) -> FineTuneLearner:
    trained = trainable_pooling(load_trainable_encoder(spec), PoolingSpec())
    parts = trained.encoder.parts
    runner = BatchRunner(parts.transformer, parts.tokenizer.template, token_budget=token_budget)
    torch.manual_seed(0)
    return _learner(replace(trained, runner=runner), examples, QUICK)


def gradients(learner: FineTuneLearner, rows: np.ndarray) -> list[np.ndarray]:
    learner.module.eval()  # nothing is left out at random
    next(learner.steps(rows))
    return [w.grad.numpy() for w in learner.module.parameters() if w.grad is not None]


def test_gradients_are_the_same_in_one_batch_and_added_up_over_many(
    spec: EncoderSpec, examples: Examples
) -> None:
    rows = np.arange(16)
    whole = gradients(make_learner(spec, examples, token_budget=4_096), rows)
    parts = gradients(make_learner(spec, examples, token_budget=12), rows)
    assert len(whole) == len(parts) > 20
    for one, other in zip(whole, parts, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-6)


def test_a_batch_that_ran_out_of_memory_half_way_counts_once(
    spec: EncoderSpec, examples: Examples, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows, learner = np.arange(16), make_learner(spec, examples, token_budget=4_096)
    expected = gradients(make_learner(spec, examples, token_budget=4_096), rows)
    of, failures = torch.autograd.grad, [torch.OutOfMemoryError("CUDA out of memory")] * 2

    def grad(*given: Any, **settings: Any) -> Any:
        found = of(*given, **settings)
        if failures:
            raise failures.pop()
        return found

    monkeypatch.setattr(torch.autograd, "grad", grad)
    for one, other in zip(gradients(learner, rows), expected, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-6)
    assert learner._trained.runner.token_budget < 4_096


def test_rates_rise_for_a_tenth_of_the_steps_and_then_fall_to_0(
    spec: EncoderSpec, examples: Examples
) -> None:
    options = FineTuneSpec(epochs=5, batch_texts=8, encoder_learning_rate=1e-4)
    descent = _descent(make_learner(spec, examples, token_budget=99), options, num_rows=32)
    rates = []
    for _ in range(20):  # 5 epochs of 4 steps, of which 2 are for warming up
        rates.append(descent.optimizer.param_groups[0]["lr"] / 1e-4)
        descent.optimizer.step()
        descent.schedule.step()
    np.testing.assert_allclose(rates[:4], [1 / 2, 1, 1, 17 / 18])
    np.testing.assert_allclose(rates[-1], 1 / 18)
