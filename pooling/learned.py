"""Poolings whose weights are learned. Knows packed tokens and small modules, no training.

Each is a frozen class of parameters: `build` makes the module that training or a stored file
fills, `pool_with` is the formula. The mask has been applied by leaving out: there is no padding.
"""

from typing import Annotated

import torch
from pydantic import Field
from pydantic.dataclasses import dataclass
from torch import Tensor, nn

from pooling.batch import TokenBatch
from pooling.pooler import PARAMETERS, Sizes
from pooling.segments import map_tokens, softmax_tokens, weigh_tokens
from pooling.shapes import TextVectors

Size = Annotated[int, Field(ge=1)]


@dataclass(frozen=True, slots=True, config=PARAMETERS)
class Attention:
    """A mean whose weights are learned: each token is scored by what it is.

    sum_t a_t h_t with a = softmax over t of w2 GELU(LayerNorm(W1 h_t + b1)) + b2.

    Source: additive attention, https://arxiv.org/abs/1409.0473, with layer normalisation and GELU
    in the place of tanh, as is usual in heads over a BERT.
    """

    def build(self, sizes: Sizes) -> nn.Module:
        """A layer as wide as the states, and one score."""
        return nn.Sequential(
            nn.Linear(sizes.hidden, sizes.hidden),
            nn.LayerNorm(sizes.hidden),
            nn.GELU(),
            nn.Linear(sizes.hidden, 1),
        )

    def pool_with(self, layers: nn.Module, batch: TokenBatch) -> TextVectors:
        """Scores, weights and sum in float32."""
        weights = softmax_tokens(map_tokens(batch.states, layers), batch.segment, batch.n)
        return weigh_tokens(batch.states, weights, batch.segment, batch.n)

    def width(self, hidden_size: int) -> int:
        """As wide as the states."""
        return hidden_size


@dataclass(frozen=True, slots=True, config=PARAMETERS)
class SelfAttentive:
    """Several means side by side, each with learned weights of its own: the hops.

    [sum_t a_1t h_t ; ... ; sum_t a_rt h_t] with a_r = softmax over t of W2_r tanh(W1 h_t).

    Source: https://arxiv.org/abs/1703.03130, equations 6 and 7, on token states, not an LSTM's.
    Its penalty, which keeps the hops apart, belongs to the training.
    """

    attention_size: Size = 128
    hops: Size = 4

    def build(self, sizes: Sizes) -> nn.Module:
        """W1, tanh and W2, as published without biases."""
        return nn.Sequential(
            nn.Linear(sizes.hidden, self.attention_size, bias=False),
            nn.Tanh(),
            nn.Linear(self.attention_size, self.hops, bias=False),
        )

    def pool_with(self, layers: nn.Module, batch: TokenBatch) -> TextVectors:
        """Hop after hop: weights differ, the states are read where they lie."""
        weights = softmax_tokens(map_tokens(batch.states, layers), batch.segment, batch.n)
        return weigh_tokens(batch.states, weights, batch.segment, batch.n)

    def width(self, hidden_size: int) -> int:
        """As wide as the states, times the hops."""
        return self.hops * hidden_size


class LayerMix(nn.Module):
    """A mean of layers with learned weights, softmax(s): s are the scores, one for each layer.

    Source: https://arxiv.org/abs/1802.05365, equation 1, without its factor, which changes no
    vector of length 1.
    """

    def __init__(self, num_layers: int) -> None:
        super().__init__()
        self.scores = nn.Parameter(torch.zeros(num_layers))

    def forward(self, layers: list[Tensor]) -> Tensor:
        """One state per token, from its states in the layers.

        Raises:
            ValueError: There are more or fewer layers than scores.
        """
        if len(layers) != len(self.scores):
            raise ValueError(
                f"a learned mix of {len(self.scores)} layers was given the states of "
                f"{len(layers)}. Hand over those that pooling.layers names, in its order."
            )
        mixed = sum(w * h.float() for w, h in zip(self.weights(), layers, strict=True))
        assert isinstance(mixed, Tensor)
        return mixed

    def weights(self) -> Tensor:
        """Of the layers; their sum is 1."""
        return self.scores.softmax(dim=0)
