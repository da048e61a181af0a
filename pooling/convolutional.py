"""Poolings that read the tokens in their order, by convolutions. Knows packed tokens, no training.

In the formulas h_1 ... h_n are the states of a text's tokens that count. The mask has been applied
by leaving out: beyond its ends a text sees zeros, never padding or its neighbours in the batch.
"""

from functools import partial

import torch
from pydantic.dataclasses import dataclass
from torch import Tensor, nn

from pooling.batch import TokenBatch
from pooling.learned import Size
from pooling.pooler import PARAMETERS, Sizes
from pooling.segments import (
    count_tokens,
    extreme_of_tokens,
    map_tokens,
    positions,
    shift_tokens,
)
from pooling.shapes import TextVectors, TokenFeatures, TokenSegments, TokenStates


@dataclass(frozen=True, slots=True, config=PARAMETERS)
class TextCnn:
    """Filters over a few neighbouring tokens; of each, its largest value in the text.

    max_t ReLU(W [h_t ; ... ; h_(t+w-1)] + b) over t = 1 ... n-w+1, for each width w, side by side.
    A text shorter than w is followed by zeros.

    Source: https://arxiv.org/abs/1408.5882, which takes 100 filters of each width 3, 4, 5.
    """

    filters: Size = 96
    shortest: Size = 2
    widths: Size = 3

    def build(self, sizes: Sizes) -> nn.Module:
        """A convolution for each width, the shortest first."""
        widths = range(self.shortest, self.shortest + self.widths)
        return nn.ModuleList(nn.Conv1d(sizes.hidden, self.filters, width) for width in widths)

    def pool_with(self, layers: nn.Module, batch: TokenBatch) -> TextVectors:
        """Over places at which the filter lies inside the text, or the first of a shorter text."""
        segment, n = batch.segment, batch.n
        place, counts = positions(segment, n), count_tokens(segment, n)
        found = []
        for layer in layers.children():
            conv = _as_convolution(layer)
            values = _convolve(conv, batch.states, segment, first=0).relu()
            last = (counts - conv.kernel_size[0] + 1).clamp(min=1)
            inside = place <= last[segment]
            found.append(extreme_of_tokens(values[inside], segment[inside], n, which="amax"))
        return torch.cat(found, dim=1)

    def width(self, hidden_size: int) -> int:
        """The filters of all widths."""
        return self.widths * self.filters


@dataclass(frozen=True, slots=True, config=PARAMETERS)
class Dpcnn:
    """Convolutions over ever larger parts of the text, level after level of half the places.

    Regions x = conv(h). Then blocks z + conv(ReLU(conv(ReLU(z)))), all over three places; z is x in
    the first, and in each later one max(y_(t-1), y_t, y_(t+1)) at t = 1, 3, 5 ... of the block y
    before. Last the largest value over the places that are left; of up to 2^(blocks-1) tokens, one.

    Source: https://aclanthology.org/P17-1052: 250 filters, 15 convolutions.
    """

    filters: Size = 250
    blocks: Size = 7

    def build(self, sizes: Sizes) -> nn.Module:
        """The convolution of regions, then two for each block."""
        inner = [_same(self.filters, self.filters) for _ in range(2 * self.blocks)]
        return nn.ModuleList([_same(sizes.hidden, self.filters), *inner])

    def pool_with(self, layers: nn.Module, batch: TokenBatch) -> TextVectors:
        """Each text shrinks by its own length: no place is padding."""
        regions, *convs = (_as_convolution(layer) for layer in layers.children())
        segment = batch.segment
        values = _convolve(regions, batch.states, segment, first=-1)
        for i, (one, other) in enumerate(zip(convs[::2], convs[1::2], strict=True)):
            if i > 0:
                values, segment = _halve(values, segment, batch.n)
            inner = _convolve(one, values.relu(), segment, first=-1)
            values = values + _convolve(other, inner.relu(), segment, first=-1)
        return extreme_of_tokens(values, segment, batch.n, which="amax")

    def width(self, hidden_size: int) -> int:
        """The filters, whatever the states' width."""
        return self.filters


def _same(channels: int, filters: int) -> nn.Conv1d:
    return nn.Conv1d(channels, filters, 3, padding=1)


def _as_convolution(layer: nn.Module) -> nn.Conv1d:
    assert isinstance(layer, nn.Conv1d)
    return layer


def _convolve(
    conv: nn.Conv1d, states: TokenStates, segment: TokenSegments, *, first: int
) -> TokenFeatures:
    """sum_j W_j h_(t+first+j) + b, with zeros beyond the ends of each text.

    The states are multiplied before they are shifted: no copy of them for each place of the filter.
    """
    assert conv.bias is not None
    total = conv.bias.expand(len(states), -1)
    for j, weight in enumerate(conv.weight.unbind(dim=2)):
        product = map_tokens(states, partial(nn.functional.linear, weight=weight))
        total = total + shift_tokens(product, segment, first + j)
    return total


def _halve(values: TokenFeatures, segment: TokenSegments, n: int) -> tuple[Tensor, Tensor]:
    """The largest of each odd place, counted from 1, and its neighbours, with their segments."""
    before, after = (shift_tokens(values, segment, by, beyond=float("-inf")) for by in (-1, 1))
    kept = positions(segment, n) % 2 == 1
    return values.maximum(before).maximum(after)[kept], segment[kept]
