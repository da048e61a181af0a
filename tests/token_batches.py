"""Token states as tests draw them, packed as poolings read them, and poolers with fresh weights."""

import torch
from torch import Tensor

from pooling import PoolingSpec, Sizes, TextPooler, TokenBatch, build_pooler

HIDDEN = 5
SIZES = Sizes(hidden=HIDDEN, vocabulary=2**HIDDEN)


def draw_texts(lengths: list[int], seed: int) -> list[Tensor]:
    """The states of one text for each length."""
    generator = torch.Generator().manual_seed(seed % 2**63)
    return [torch.randn(length, HIDDEN, generator=generator) for length in lengths]


def ids_of(states: Tensor) -> Tensor:
    """A token's id says which of its numbers are positive: it goes where the token goes."""
    return (states > 0).long() @ 2 ** torch.arange(states.shape[1])


def pack(texts: list[Tensor]) -> TokenBatch:
    """One after another; the model's own pooler made tanh of the first state."""
    segment = torch.cat([torch.full((len(text),), i) for i, text in enumerate(texts)])
    return TokenBatch(
        states=torch.cat(texts),
        segment=segment,
        n=len(texts),
        ids=ids_of(torch.cat(texts).float()),
        counted=torch.ones(len(segment), dtype=torch.bool),
        pooled=torch.stack([text[0] for text in texts]).tanh(),
    )


def build_fresh(spec: PoolingSpec, sizes: Sizes = SIZES) -> TextPooler:
    """The pooling, through a store's eyes; what is fitted is as fresh as seed 0 makes it."""
    if not spec.needs_weights:
        return build_pooler(spec)
    torch.manual_seed(0)
    fresh = TextPooler(spec, sizes).to_fitted()
    return build_pooler(spec.model_copy(update={"weights": "fresh"}), sizes, {"fresh": fresh})
