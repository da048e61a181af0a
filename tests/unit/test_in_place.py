"""GELU overwrites its input where that was tried, and nowhere else."""

from typing import Any

import pytest
import torch
from torch.nn import functional
from transformers.activations import GELUActivation
from transformers.models.bert.modeling_bert import BertIntermediate

from embedding import Encoder, load_encoder
from embedding.in_place import overwrite_in_gelu

STATES = torch.linspace(-3, 3, 12)


def activations(module: Any) -> list[GELUActivation]:
    return [each for each in module.modules() if isinstance(each, GELUActivation)]


def test_it_is_gelu_in_the_memory_of_its_input() -> None:
    activation, states = GELUActivation(), STATES.clone()
    overwrite_in_gelu(activation, is_on=True)
    with torch.inference_mode():
        found = activation(states)
    assert found.data_ptr() == states.data_ptr()
    torch.testing.assert_close(found, functional.gelu(STATES))


def test_a_gradient_finds_the_input_as_it_was() -> None:
    activation = GELUActivation()
    overwrite_in_gelu(activation, is_on=True)
    states = STATES.clone().requires_grad_()
    activation(states * 1.0).sum().backward()
    expected = STATES.clone().requires_grad_()
    functional.gelu(expected).sum().backward()
    torch.testing.assert_close(states.grad, expected.grad)


def test_it_can_be_taken_back_and_leaves_other_functions_alone() -> None:
    exact, slow = GELUActivation(), GELUActivation(use_gelu_python=True)
    before = slow.act
    for activation in (exact, slow):
        overwrite_in_gelu(activation, is_on=True)
    assert (exact.act is functional.gelu, slow.act) == (False, before)
    overwrite_in_gelu(exact, is_on=False)
    assert exact.act is functional.gelu


def test_an_encoder_without_padding_has_it(tiny_encoder: Encoder) -> None:
    transformer = tiny_encoder.parts.transformer
    assert transformer.is_packed
    assert activations(transformer.module)
    assert all(each.act is not functional.gelu for each in activations(transformer.module))


def test_a_model_that_reads_again_what_would_be_overwritten_runs_as_transformers_has_it(
    tiny_encoder: Encoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read_again(self: Any, states: torch.Tensor) -> torch.Tensor:
        wide = self.dense(states)
        found: torch.Tensor = self.intermediate_act_fn(wide) + wide
        return found

    monkeypatch.setattr(BertIntermediate, "forward", read_again)
    transformer = load_encoder(tiny_encoder.spec).parts.transformer
    assert not transformer.is_packed
    assert all(each.act is functional.gelu for each in activations(transformer.module))
