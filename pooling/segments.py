"""Reduce packed token states to one row per text. Knows segments, not which pooling asks.

Every reduction accumulates in float32: 512 float16 tokens of 200 add up to more than float16
holds. Half-precision states are widened a slice at a time, so that twenty poolings of one batch
do not make twenty float32 copies of it.
"""

from collections.abc import Callable, Iterator
from typing import Literal

import torch
from torch import Tensor

from pooling.shapes import TextCounts, TextVectors, TokenFeatures, TokenSegments, TokenStates

SLICE_BYTES = 16 << 20
_NEUTRAL = {"amax": float("-inf"), "amin": float("inf")}

# What becomes of some rows, given in float32 with their place, before they are reduced. The rows
# may be the shared states themselves: a new tensor comes back, and nothing is changed in place.
Change = Callable[[Tensor, slice], Tensor]


def count_tokens(segment: TokenSegments, n: int) -> TextCounts:
    """How many tokens each text has."""
    return torch.bincount(segment, minlength=n)


def first_tokens(segment: TokenSegments, n: int) -> TextCounts:
    """The row of each text's first token."""
    counts = count_tokens(segment, n)
    return torch.cumsum(counts, dim=0) - counts


def last_tokens(segment: TokenSegments, n: int) -> TextCounts:
    """The row of each text's last token."""
    return torch.cumsum(count_tokens(segment, n), dim=0) - 1


def positions(segment: TokenSegments, n: int) -> TextCounts:
    """The place of each token within its text, from 1."""
    row = torch.arange(len(segment), device=segment.device)
    return row - first_tokens(segment, n)[segment] + 1


def sum_tokens(
    states: TokenStates, segment: TokenSegments, n: int, *, change: Change | None = None
) -> TextVectors:
    """The sum of each text's states, or of what the change makes of them."""
    total = states.new_zeros((n, states.shape[1]), dtype=torch.float32)
    for part, wide in _widened(states):
        total.index_add_(0, segment[part], change(wide, part) if change else wide)
    return total


def extreme_of_tokens(
    states: TokenStates,
    segment: TokenSegments,
    n: int,
    *,
    which: Literal["amax", "amin"],
    change: Change | None = None,
) -> TextVectors:
    """The largest or smallest state of each text, per dimension; NaN where any state is NaN."""
    extreme = states.new_full((n, states.shape[1]), _NEUTRAL[which], dtype=torch.float32)
    for part, wide in _widened(states):
        index = segment[part].unsqueeze(1).expand_as(wide)
        # Not in place: training goes back through the extremes of every slice.
        extreme = extreme.scatter_reduce(
            0, index, change(wide, part) if change else wide, reduce=which
        )
    return extreme


def mean_of_largest(states: TokenStates, segment: TokenSegments, n: int, *, k: int) -> TextVectors:
    """The mean of each text's k largest states, per dimension; of fewer than k tokens, of all.

    Texts of equal length are sorted together, without padding.
    """
    counts = count_tokens(segment, n)
    starts = first_tokens(segment, n)
    vectors = states.new_empty((n, states.shape[1]), dtype=torch.float32)
    for length in sorted(set(counts.tolist())):
        places = torch.arange(length, device=states.device)
        for texts in (counts == length).nonzero()[:, 0].split(_rows(length * states.shape[1])):
            together = states[starts[texts].unsqueeze(1) + places].float()  # [texts, length, H]
            vectors[texts] = together.topk(min(k, length), dim=1, sorted=False).values.mean(dim=1)
    return vectors


def softmax_tokens(scores: TokenFeatures, segment: TokenSegments, n: int) -> TokenFeatures:
    """The softmax over each text's tokens, column by column; it can be trained through.

    The largest score is subtracted first, so that nothing overflows.
    """
    largest = extreme_of_tokens(scores.detach(), segment, n, which="amax")
    powers = (scores - largest[segment]).exp()
    total = powers.new_zeros((n, powers.shape[1])).index_add(0, segment, powers)
    return powers / total[segment]


def weigh_tokens(
    states: TokenStates, weights: TokenFeatures, segment: TokenSegments, n: int
) -> TextVectors:
    """The sum of each text's states times their weights: side by side, one per column of these."""
    columns = [weights[:, i : i + 1] for i in range(weights.shape[1])]
    changes = [lambda wide, part, w=w: wide * w[part] for w in columns]
    return torch.cat([sum_tokens(states, segment, n, change=c) for c in changes], dim=1)


def signed_power(values: Tensor, exponent: float) -> Tensor:
    """sign(x) |x|^exponent; where x is 0 so is its gradient: a root's would be infinite there."""
    is_zero = values == 0
    magnitude = torch.where(is_zero, 1.0, values.abs())
    return torch.where(is_zero, 0.0, magnitude.pow(exponent).copysign(values))


def map_tokens(states: TokenStates, function: Callable[[Tensor], Tensor]) -> TokenFeatures:
    """What the function makes of each token's state alone, in float32."""
    return torch.cat([function(wide) for _, wide in _widened(states)])


def shift_tokens(
    states: TokenStates, segment: TokenSegments, by: int, *, beyond: float = 0.0
) -> TokenStates:
    """For each token the state of the one `by` places later in its text, or `beyond` its ends."""
    row = torch.arange(len(segment), device=segment.device) + by
    other = row.clamp(0, len(segment) - 1)
    is_inside = (row == other) & (segment[other] == segment)
    return torch.where(is_inside.unsqueeze(1), states[other], beyond)


def _widened(states: TokenStates) -> Iterator[tuple[slice, Tensor]]:
    """Slices of the rows, in float32, of at most `SLICE_BYTES` each (at least one row)."""
    rows = _rows(states.shape[1])
    for start in range(0, states.shape[0], rows):
        part = slice(start, start + rows)
        yield part, states[part].float()


def _rows(numbers: int) -> int:
    """How many rows of so many numbers one slice holds in float32: at least one."""
    return max(1, SLICE_BYTES // (4 * numbers))
