"""Pool the windows of long texts into one vector each. Knows vectors of windows, no tokens.

A text that fits into one window has that window's vector, whatever is chosen here.
"""

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from torch import nn

from pooling.batch import TokenBatch
from pooling.segments import extreme_of_tokens, sum_tokens
from pooling.shapes import TextCounts, TextVectors, TokenSegments, TokenStates


@dataclass(frozen=True, slots=True)
class WindowVectors:
    """The vectors of the windows of `n` texts, text after text.

    Attributes:
        vectors: One row per window, in the order of the text.
        segment: The number of each window's text, ascending from 0 to n - 1.
        n: How many texts.
        num_tokens: How many tokens of each window counted.
    """

    vectors: TokenStates
    segment: TokenSegments
    n: int
    num_tokens: TextCounts


@runtime_checkable
class HierarchicalStrategy(Protocol):
    """A fitted strategy that is trained on both levels, and so has its own way over windows."""

    def pool_windows_with(self, layers: nn.Module, windows: WindowVectors) -> TextVectors:
        """One float32 row per text, from its windows' vectors and what `build` gave."""
        ...


def mean(windows: WindowVectors) -> TextVectors:
    """The mean weighted by tokens, sum_w n_w v_w / sum_w n_w.

    Without the weights a short last window counts like a full one, and spoils the vector. They are
    divided first, so that a text of one window has the bits of its vector.
    """
    counts = windows.num_tokens.float().unsqueeze(1)
    weights = counts / sum_tokens(counts, windows.segment, windows.n)[windows.segment]
    return sum_tokens(
        windows.vectors,
        windows.segment,
        windows.n,
        change=lambda vectors, part: vectors * weights[part],
    )


def max_(windows: WindowVectors) -> TextVectors:
    """The largest value over the windows, per dimension."""
    return extreme_of_tokens(windows.vectors, windows.segment, windows.n, which="amax")


def as_tokens(windows: WindowVectors) -> TokenBatch:
    """The windows in the place of tokens, for a pooling that was made for these."""
    return TokenBatch(
        states=windows.vectors,
        segment=windows.segment,
        n=windows.n,
        ids=windows.segment.new_zeros(len(windows.segment)),
        counted=windows.segment.new_ones(len(windows.segment)).bool(),
    )
