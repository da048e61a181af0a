"""Poolings that read the tokens in their order, by recurrent layers in both directions.

Knows packed tokens and small modules, no training. In the formulas h_1 ... h_n are the states of a
text's tokens that count, and LSTM or GRU gives f_t, having read h_1 ... h_t, and b_t, having read
h_n ... h_t. The mask has been applied by leaving out: each text is read from its own first token to
its own last.
"""

import torch
from pydantic.dataclasses import dataclass
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence

from pooling.batch import TokenBatch
from pooling.learned import Size
from pooling.pooler import PARAMETERS, Sizes
from pooling.segments import (
    count_tokens,
    extreme_of_tokens,
    first_tokens,
    last_tokens,
    map_tokens,
    positions,
    shift_tokens,
    softmax_tokens,
    weigh_tokens,
)
from pooling.shapes import TextVectors, TokenSegments, TokenStates
from pooling.windows import WindowVectors


@dataclass(frozen=True, slots=True, config=PARAMETERS)
class Bilstm:
    """What an LSTM has read at the end of the text, and another one back at its beginning.

    [f_n ; b_1]

    Source: https://doi.org/10.1162/neco.1997.9.8.1735, in both directions as in
    https://doi.org/10.1109/78.650093
    """

    units: Size = 128

    def build(self, sizes: Sizes) -> nn.Module:
        """An LSTM in both directions."""
        return nn.LSTM(sizes.hidden, self.units, bidirectional=True)

    def pool_with(self, layers: nn.Module, batch: TokenBatch) -> TextVectors:
        """The last state of each direction."""
        forward, backward = _read(layers, batch.states, batch.segment, batch.n)
        ends = last_tokens(batch.segment, batch.n), first_tokens(batch.segment, batch.n)
        return torch.cat([forward[ends[0]], backward[ends[1]]], dim=1)

    def width(self, hidden_size: int) -> int:
        """The units of both directions."""
        return 2 * self.units


@dataclass(frozen=True, slots=True, config=PARAMETERS)
class BilstmAttention:
    """A mean of what LSTMs in both directions have read at each token, with learned weights.

    tanh(sum_t a_t r_t) with r_t = f_t + b_t and a = softmax over t of w tanh(r_t).

    Source: https://aclanthology.org/P16-2034, equations 8 to 12.
    """

    units: Size = 128

    def build(self, sizes: Sizes) -> nn.Module:
        """The LSTM, and w."""
        return nn.ModuleDict(
            {
                "lstm": nn.LSTM(sizes.hidden, self.units, bidirectional=True),
                "score": nn.Linear(self.units, 1, bias=False),
            }
        )

    def pool_with(self, layers: nn.Module, batch: TokenBatch) -> TextVectors:
        """Both directions are added, not laid side by side."""
        lstm, score = layers.get_submodule("lstm"), layers.get_submodule("score")
        forward, backward = _read(lstm, batch.states, batch.segment, batch.n)
        read = forward + backward
        weights = softmax_tokens(score(read.tanh()), batch.segment, batch.n)
        return weigh_tokens(read, weights, batch.segment, batch.n).tanh()

    def width(self, hidden_size: int) -> int:
        """The units of one direction."""
        return self.units


@dataclass(frozen=True, slots=True, config=PARAMETERS)
class TextRcnn:
    """Each token between what was read before and after it; then the largest values in the text.

    max_t tanh(W [f_(t-1) ; h_t ; b_(t+1)] + v), with zeros for f_0 and b_(n+1).

    Source: https://doi.org/10.1609/aaai.v29i1.9513, equations 1 to 5, with an LSTM in the place of
    its plain recurrent layer.
    """

    units: Size = 128
    features: Size = 128

    def build(self, sizes: Sizes) -> nn.Module:
        """The LSTM, and W."""
        return nn.ModuleDict(
            {
                "lstm": nn.LSTM(sizes.hidden, self.units, bidirectional=True),
                "features": nn.Linear(2 * self.units + sizes.hidden, self.features),
            }
        )

    def pool_with(self, layers: nn.Module, batch: TokenBatch) -> TextVectors:
        """The contexts of a token leave the token itself out."""
        lstm, features = layers.get_submodule("lstm"), layers.get_submodule("features")
        forward, backward = _read(lstm, batch.states, batch.segment, batch.n)
        left = shift_tokens(forward, batch.segment, -1)
        right = shift_tokens(backward, batch.segment, 1)
        beside = torch.cat([left, batch.states.float(), right], dim=1)
        found = map_tokens(beside, lambda wide: features(wide).tanh())
        return extreme_of_tokens(found, batch.segment, batch.n, which="amax")

    def width(self, hidden_size: int) -> int:
        """The features, whatever the states' width."""
        return self.features


@dataclass(frozen=True, slots=True, config=PARAMETERS)
class HierarchicalAttention:
    """Means with learned weights on two levels: of the tokens of a window, then of the windows.

    On each level sum_t a_t [f_t ; b_t], with a = softmax over t of c tanh(W [f_t ; b_t] + v), f and
    b being GRUs of the level: over states, then over the vectors of the windows. c is its context
    vector.

    Source: https://aclanthology.org/N16-1174, equations 1 to 10, with windows for its sentences. A
    text of one window goes through both levels.
    """

    units: Size = 64

    def build(self, sizes: Sizes) -> nn.Module:
        """Two levels that differ in what they read."""
        return nn.ModuleDict(
            {
                "tokens": _level(sizes.hidden, self.units),
                "windows": _level(2 * self.units, self.units),
            }
        )

    def pool_with(self, layers: nn.Module, batch: TokenBatch) -> TextVectors:
        """The vectors of windows: one level is still to come."""
        return _attend(layers.get_submodule("tokens"), batch.states, batch.segment, batch.n)

    def pool_windows_with(self, layers: nn.Module, windows: WindowVectors) -> TextVectors:
        """The vectors of texts."""
        return _attend(layers.get_submodule("windows"), windows.vectors, windows.segment, windows.n)

    def width(self, hidden_size: int) -> int:
        """The units of both directions."""
        return 2 * self.units


def _level(read_size: int, units: int) -> nn.Module:
    return nn.ModuleDict(
        {
            "gru": nn.GRU(read_size, units, bidirectional=True),
            "hidden": nn.Linear(2 * units, 2 * units),
            "context": nn.Linear(2 * units, 1, bias=False),
        }
    )


def _attend(level: nn.Module, states: TokenStates, segment: TokenSegments, n: int) -> TextVectors:
    read = torch.cat(_read(level.get_submodule("gru"), states, segment, n), dim=1)
    hidden, context = level.get_submodule("hidden"), level.get_submodule("context")
    weights = softmax_tokens(context(hidden(read).tanh()), segment, n)
    return weigh_tokens(read, weights, segment, n)


def _read(
    layer: nn.Module, states: TokenStates, segment: TokenSegments, n: int
) -> tuple[Tensor, Tensor]:
    """What a recurrent layer gives for each token, forward and backward, in float32.

    It takes the first tokens of all texts, then the second ones, the longest text first: torch's
    own packed layout, without padding on the way.
    """
    place = positions(segment, n) - 1
    longest_first = count_tokens(segment, n).argsort(descending=True, stable=True)
    order = (place * n + longest_first.argsort()[segment]).argsort()
    packed = PackedSequence(states[order].float(), place.bincount().cpu())
    found: PackedSequence = layer(packed)[0]
    forward, backward = found.data[order.argsort()].chunk(2, dim=1)
    return forward, backward
