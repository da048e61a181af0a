"""Poolings in which some tokens or values weigh more. Knows one batch of tokens, nothing fitted."""

from pooling.batch import TokenBatch
from pooling.segments import count_tokens, positions, sum_tokens
from pooling.shapes import TextVectors


def weighted_mean(batch: TokenBatch) -> TextVectors:
    """The mean with the place of a token as its weight: later ones, which have read more, count.

    sum_t t h_t / sum_t t, with t = 1 ... n over the tokens that count, wherever the padding was.

    Source: https://arxiv.org/abs/2202.08904, section 4.1.
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
