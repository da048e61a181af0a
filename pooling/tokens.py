"""Poolings that weigh no token more than another. Knows one batch of tokens and nothing fitted.

In the formulas, h_t are the states of a text's n tokens that count. A batch holds no others: the
mask has been applied by leaving out, so nothing is multiplied by 0 or filled in.
"""

import torch

from pooling.batch import TokenBatch
from pooling.segments import (
    count_tokens,
    extreme_of_tokens,
    first_tokens,
    last_tokens,
    signed_power,
    sum_tokens,
)
from pooling.shapes import TextVectors


def cls(batch: TokenBatch) -> TextVectors:
    """The state of the tokenizer's classification token, wherever its template puts it.

    Source: https://arxiv.org/abs/1810.04805
    """
    if batch.cls is None:
        return batch.states[first_tokens(batch.segment, batch.n)].float()
    return batch.states[batch.cls].float()


def pooler(batch: TokenBatch) -> TextVectors:
    """What the model's own pooler made of the text: in a BERT, tanh(W h_cls + b).

    Source: https://arxiv.org/abs/1810.04805, trained there by next-sentence prediction.

    Raises:
        ValueError: The batch was made without a model.
    """
    if batch.pooled is None:
        raise ValueError(
            "pooling 'pooler' is the model's own, and this batch has no `pooled`. "
            "Choose another strategy, such as cls."
        )
    return batch.pooled.float()


def last_token(batch: TokenBatch) -> TextVectors:
    """The state of the last token: [SEP] in a BERT if special tokens count, else the last word.

    h_n, the last that is real: padding on either side is gone.

    Source: https://arxiv.org/abs/2202.08904
    """
    return batch.states[last_tokens(batch.segment, batch.n)].float()


def mean(batch: TokenBatch) -> TextVectors:
    """The mean over the tokens, sum_t h_t / n.

    Source: https://arxiv.org/abs/1908.10084
    """
    counts = count_tokens(batch.segment, batch.n).unsqueeze(1)
    return sum_tokens(batch.states, batch.segment, batch.n) / counts


def mean_std(batch: TokenBatch) -> TextVectors:
    """The mean, then the standard deviation over the tokens: twice as wide as the states.

    The root of sum_t (h_t - mean)^2 / n: of one token, 0. The mean is subtracted before squaring;
    the difference of two large squares would lose what is left in float32.

    Source: statistics pooling, as in https://arxiv.org/abs/1803.10963
    """
    center = mean(batch)
    variance = sum_tokens(
        batch.states,
        batch.segment,
        batch.n,
        change=lambda states, part: (states - center[batch.segment[part]]).square(),
    )
    counts = count_tokens(batch.segment, batch.n).unsqueeze(1)
    return torch.cat([center, signed_power(variance / counts, 0.5)], dim=1)


def mean_sqrt_len(batch: TokenBatch) -> TextVectors:
    """The sum over the tokens divided by the root of their number: long texts have long vectors.

    sum_t h_t / sqrt(n), the direction of the mean.

    Source: sentence-transformers, mode mean_sqrt_len_tokens.
    """
    counts = count_tokens(batch.segment, batch.n).unsqueeze(1)
    return sum_tokens(batch.states, batch.segment, batch.n) / counts.float().sqrt()


def max_(batch: TokenBatch) -> TextVectors:
    """The largest value over the tokens, per dimension, max_t h_t.

    Source: https://arxiv.org/abs/1908.10084
    """
    return extreme_of_tokens(batch.states, batch.segment, batch.n, which="amax")


def min_(batch: TokenBatch) -> TextVectors:
    """The smallest value over the tokens, per dimension, min_t h_t."""
    return extreme_of_tokens(batch.states, batch.segment, batch.n, which="amin")


def max_min(batch: TokenBatch) -> TextVectors:
    """The largest values, then the smallest ones: twice as wide as the states."""
    return torch.cat([max_(batch), min_(batch)], dim=1)


def mean_max(batch: TokenBatch) -> TextVectors:
    """The mean, then the largest values: twice as wide as the states.

    Source: concat pooling without its last state, https://arxiv.org/abs/1801.06146
    """
    return torch.cat([mean(batch), max_(batch)], dim=1)
