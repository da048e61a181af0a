"""Pool padded states, as a notebook or a test has them. Knows masks; the work is done packed."""

import torch

from pooling.batch import TokenBatch
from pooling.pooler import Pooler
from pooling.shapes import PaddedIds, PaddedMask, PaddedStates, TextVectors


def pool_padded(
    pooler: Pooler, hidden_states: PaddedStates, mask: PaddedMask, ids: PaddedIds | None = None
) -> TextVectors:
    """One vector per row of the mask; what the padding holds, and on which side, is no matter.

    `cls` takes the first real token: a tokenizer would know better. Without ids they read 0; only
    strategies with counts of tokens look at them.

    Raises:
        ValueError: A row of the mask has no real token.
    """
    empty = (~mask.any(dim=1)).nonzero().flatten().tolist()
    if empty:
        raise ValueError(f"mask: rows {empty} have no real token. Leave these texts out.")
    segment = mask.nonzero()[:, 0]
    batch = TokenBatch(
        states=hidden_states[mask],
        segment=segment,
        n=len(mask),
        ids=torch.zeros_like(segment) if ids is None else ids[mask],
        counted=torch.ones_like(segment, dtype=torch.bool),
    )
    return pooler.pool(batch)
