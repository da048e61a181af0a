"""Poolings in which some tokens or values weigh more. Knows one batch of tokens, nothing fitted."""

from typing import Annotated

import torch
from pydantic import Field
from pydantic.dataclasses import dataclass

from pooling.batch import TokenBatch
from pooling.pooler import PARAMETERS
from pooling.segments import (
    count_tokens,
    extreme_of_tokens,
    mean_of_largest,
    positions,
    signed_power,
    sum_tokens,
)
from pooling.shapes import TextVectors


def weighted_mean(batch: TokenBatch) -> TextVectors:
    """The mean with the place of a token as its weight: later ones, which have read more, count.

    sum_t t h_t / sum_t t, with t = 1 ... n over the tokens that count, wherever the padding was.

    Source: https://arxiv.org/abs/2202.08904
    """
    weights = positions(batch.segment, batch.n).float().unsqueeze(1)
    total = sum_tokens(
        batch.states,
        batch.segment,
        batch.n,
        change=lambda states, part: states * weights[part],
    )
    counts = count_tokens(batch.segment, batch.n).unsqueeze(1)
    return total / (counts * (counts + 1) / 2)


@dataclass(frozen=True, slots=True, config=PARAMETERS)
class Gem:
    """The generalised mean: the larger p, the nearer to the value of largest magnitude.

    (sum_t h_t^p / n)^(1/p) per dimension, where x^p stands for sign(x) |x|^p and the root likewise.
    Of states that are never negative, as those in the source, this is the published mean. Of
    signed states opposite powers cancel, and near 0 the root enlarges differences of float32.

    Source: https://arxiv.org/abs/1711.02512
    """

    p: Annotated[float, Field(ge=1, allow_inf_nan=False)] = 3.0

    def pool(self, batch: TokenBatch) -> TextVectors:
        """Powers of the states' share of the largest one: the states' own could overflow."""
        segment, n = batch.segment, batch.n
        largest = extreme_of_tokens(
            batch.states, segment, n, which="amax", change=lambda states, _: states.abs()
        )
        unit = torch.where(largest == 0, 1.0, largest)
        total = sum_tokens(
            batch.states,
            segment,
            n,
            change=lambda states, part: signed_power(states / unit[segment[part]], self.p),
        )
        counts = count_tokens(segment, n).unsqueeze(1)
        return unit * signed_power(total / counts, 1 / self.p)

    def width(self, hidden_size: int) -> int:
        """As wide as the states."""
        return hidden_size


@dataclass(frozen=True, slots=True, config=PARAMETERS)
class TopKMean:
    """The mean of the k largest values over the tokens, per dimension.

    `max` of k = 1; `mean` of a text with no more than k tokens.

    Source: the mean of k-max pooling, https://arxiv.org/abs/1404.2188
    """

    k: Annotated[int, Field(ge=1)] = 3

    def pool(self, batch: TokenBatch) -> TextVectors:
        """Sorts the tokens of each dimension: the slowest of the plain strategies."""
        return mean_of_largest(batch.states, batch.segment, batch.n, k=self.k)

    def width(self, hidden_size: int) -> int:
        """As wide as the states."""
        return hidden_size
