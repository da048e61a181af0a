"""Each learned pooling against its published formula, in plain PyTorch.

The formulas here read one text at a time, as [tokens, hidden], with torch's own modules and their
weights, fresh from seed 0: no batch, no mask, no padding. The papers are named in the docstrings of
pooling/learned.py, convolutional.py and recurrent.py.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from pooling import PoolingSpec, TextPooler
from pooling.pooler import FittedPooler
from tests.token_batches import HIDDEN, SIZES, draw_texts, pack

TOLERANCE = 1e-6
LENGTHS = [7, 1, 2, 40, 3, 12, 130]  # with 1 token, 2 and 3: fewer than some filters are wide


def attention(layers: Any, states: Tensor) -> Tensor:
    first, norm, gelu, second = layers.children()
    scores = second(gelu(norm(first(states))))  # [T, 1]
    return (scores.softmax(dim=0) * states).sum(dim=0)


def self_attentive(layers: Any, states: Tensor) -> Tensor:
    first, _, second = layers.children()
    weights = (second.weight @ torch.tanh(first.weight @ states.T)).softmax(dim=1)  # [hops, T]
    return (weights @ states).flatten()


def text_cnn(layers: Any, states: Tensor) -> Tensor:
    found = []
    for conv in layers.children():
        missing = max(0, conv.kernel_size[0] - len(states))
        wide_enough = torch.cat([states, torch.zeros(missing, HIDDEN)])
        found.append(conv(wide_enough.T).relu().amax(dim=1))  # [filters, places], then [filters]
    return torch.cat(found)


def dpcnn(layers: Any, states: Tensor) -> Tensor:
    regions, *convs = layers.children()
    found = regions(states.T)  # [filters, T]
    for i in range(0, len(convs), 2):
        if i > 0:
            found = nn.functional.max_pool1d(found[None], 3, stride=2, padding=1)[0]
        found = found + convs[i + 1](convs[i](found.relu()).relu())
    return found.amax(dim=1)


def bilstm(layers: Any, states: Tensor) -> Tensor:
    _, (last, _) = layers(states)  # [2, units]: forward, backward
    return last.flatten()


def bilstm_attention(layers: Any, states: Tensor) -> Tensor:
    forward, backward = layers.lstm(states)[0].chunk(2, dim=1)
    both = (forward + backward).T  # H of the paper: [units, T]
    weights = (layers.score.weight @ torch.tanh(both)).softmax(dim=1)
    return torch.tanh(both @ weights.T)[:, 0]


def text_rcnn(layers: Any, states: Tensor) -> Tensor:
    forward, backward = layers.lstm(states)[0].chunk(2, dim=1)
    nothing = torch.zeros(forward.shape[1])
    found = []
    for t, state in enumerate(states):
        left = forward[t - 1] if t > 0 else nothing
        right = backward[t + 1] if t + 1 < len(states) else nothing
        found.append(torch.tanh(layers.features(torch.cat([left, state, right]))))
    return torch.stack(found).amax(dim=0)


def hierarchical_attention(layers: Any, states: Tensor) -> Tensor:
    return level(layers.windows, level(layers.tokens, states)[None])


def level(layers: Any, states: Tensor) -> Tensor:
    read, _ = layers.gru(states)
    scores = torch.tanh(layers.hidden(read)) @ layers.context.weight[0]
    return scores.softmax(dim=0) @ read


Formula = Callable[[Any, Tensor], Tensor]
FORMULAS: list[Formula] = [attention, self_attentive, text_cnn, dpcnn, bilstm, bilstm_attention]
FORMULAS += [text_rcnn, hierarchical_attention]


@pytest.mark.parametrize("formula", FORMULAS, ids=lambda formula: formula.__name__)
def test_the_vector_is_that_of_the_published_formula(formula: Formula) -> None:
    pooler, layers = fresh(formula.__name__)
    texts = draw_texts(LENGTHS, seed=0)
    found = pooler.pool(pack(texts))
    expected = torch.stack([formula(layers, text) for text in texts])
    torch.testing.assert_close(found, expected, rtol=TOLERANCE, atol=TOLERANCE)


def test_hierarchical_attention_is_that_of_the_published_formula_over_windows() -> None:
    pooler, layers = fresh("hierarchical_attention")
    texts = [draw_texts(lengths, seed=0) for lengths in ([3], [4, 4, 1])]
    tokens = pack([torch.cat(windows) for windows in texts])
    found = pooler.pool(replace(tokens, window=torch.tensor([0, 0, 0, *[0] * 4, *[1] * 4, 2])))
    for vector, windows in zip(found, texts, strict=True):
        sentences = torch.stack([level(layers.tokens, window) for window in windows])
        expected = level(layers.windows, sentences)
        torch.testing.assert_close(vector, expected, rtol=TOLERANCE, atol=TOLERANCE)


def test_a_learned_mix_is_the_scalar_mix_of_the_published_formula() -> None:
    spec = PoolingSpec(layers=(0, 1, 2), combine="mix")
    mix = TextPooler(spec, SIZES).mix
    assert mix is not None
    nn.init.normal_(mix.scores)
    states = torch.randn(3, 5, HIDDEN)  # of three layers
    weights = mix.scores.exp() / mix.scores.exp().sum()
    expected = weights[0] * states[0] + weights[1] * states[1] + weights[2] * states[2]
    torch.testing.assert_close(mix(list(states)), expected, rtol=TOLERANCE, atol=TOLERANCE)


def fresh(strategy: str) -> tuple[TextPooler, Any]:
    """The pooling with its defaults, and the modules that hold its weights."""
    torch.manual_seed(0)
    pooler = TextPooler(PoolingSpec(strategy=strategy), SIZES)
    assert isinstance(pooler.tokens, FittedPooler)
    return pooler.requires_grad_(False), pooler.tokens.layers
