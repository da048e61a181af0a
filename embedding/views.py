"""Prepare token states for poolings. Knows which layers and tokens each pooling reads."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from embedding.batches import PackedBatch
from embedding.dense import Dense
from embedding.dimensions import resolve_layers
from embedding.model import ForwardPass, Transformer
from pooling import PoolingSpec, Rounding, TextPooler, TokenBatch
from pooling.segments import count_tokens
from pooling.shapes import TextMask, TokenStates
from pooling.spec import Combine


@dataclass(frozen=True, slots=True)
class View:
    """The part of the token states that a pooling reads; poolings with the same view share it.

    Attributes:
        layers: Counted from the embedding output, 0.
        combine: What becomes of several layers.
        mix_weights: Of the layers, for a mix.
        special_tokens: Whether these count.
        prompt_tokens: Whether these count.
    """

    layers: tuple[int, ...]
    combine: Combine
    mix_weights: tuple[float, ...]
    special_tokens: bool
    prompt_tokens: bool

    def batch_of(self, found: ForwardPass, batch: PackedBatch) -> TokenBatch:
        """The tokens that count, with their layers combined."""
        layers = [found.states[layer] for layer in self.layers]
        combined = combine_layers(layers, self.combine, self.mix_weights)
        counted = np.ones_like(batch.special)
        if not self.special_tokens:
            counted &= ~batch.special
        if not self.prompt_tokens:
            counted &= ~batch.prompt
        device = combined.device
        return TokenBatch(
            states=combined,
            segment=torch.from_numpy(batch.segment).to(device),
            n=len(batch.rows),
            ids=torch.from_numpy(batch.ids).to(device),
            counted=torch.from_numpy(counted).to(device),
            cls=None if batch.cls is None else torch.from_numpy(batch.cls).to(device),
            pooled=found.pooled,
        ).select_counted()


@dataclass(frozen=True, slots=True)
class PlannedPooling:
    """A pooling that fits the encoder.

    Attributes:
        spec: As asked for.
        view: What it reads.
        pooler: What reduces the tokens, on the encoder's device.
        dense: The layers that follow; empty unless the spec wants them.
        rounding: What becomes of the finished vectors, and how long they are.
    """

    spec: PoolingSpec
    view: View
    pooler: TextPooler
    dense: tuple[Dense, ...]
    rounding: Rounding

    def vectors_of(self, batch: TokenBatch) -> tuple[Tensor, TextMask]:
        """The finished vectors, and which of them are bad: not finite, or without direction."""
        return self.finish(self.pooler.pool(batch))

    def finish(self, vectors: Tensor) -> tuple[Tensor, TextMask]:
        """What is stored of pooled vectors, after Dense layers, cut and scaling; the bad ones.

        A vector is bad that was so before rounding, or of which rounding leaves nothing.
        """
        for layer in self.dense:
            vectors = layer.apply(vectors)
        vectors = vectors[:, : self.rounding.dimension]
        if self.spec.normalize:
            vectors = torch.nn.functional.normalize(vectors, dim=1)
        stored = self.rounding.round(vectors)
        return stored, _are_bad(vectors) | _are_bad(self.rounding.restore(stored))

    def room_for(self, num_texts: int) -> np.ndarray:
        """Zeros of the kind that `finish` gives."""
        return self.rounding.room_for(num_texts)


def _are_bad(vectors: Tensor) -> TextMask:
    """Which are not finite, or have no direction."""
    return ~torch.isfinite(vectors).all(dim=1) | (vectors == 0).all(dim=1)


def plan_pooling(
    pooler: TextPooler, num_layers: int, dense: Sequence[Dense], rounding: Rounding
) -> PlannedPooling:
    """The pooling with everything it needs of an encoder that has been checked against it."""
    spec = pooler.spec
    view = View(
        layers=resolve_layers(spec, num_layers),
        combine=spec.combine,
        mix_weights=pooler.mix_weights,
        special_tokens=spec.special_tokens,
        prompt_tokens=spec.prompt_tokens,
    )
    layers = tuple(dense) if spec.dense else ()
    return PlannedPooling(spec, view, pooler, layers, rounding)


def combine_layers(
    layers: Sequence[TokenStates], combine: Combine, mix_weights: Sequence[float] = ()
) -> Tensor:
    """One state per token: a mean of its layers, in float32, or all of them side by side.

    A mix is sum_l w_l h_l / sum_l w_l, as in sentence-transformers' WeightedLayerPooling, whose
    weights may cancel; ours are never negative, so no state grows beyond its largest layer.
    ELMo's mix (https://arxiv.org/abs/1802.05365, equation 1) has softmax(s) for the weights.
    """
    if len(layers) == 1:
        return layers[0]
    if combine == "concat":
        return torch.cat(list(layers), dim=1)
    weights = mix_weights if combine == "mix" else [1.0] * len(layers)
    total = layers[0].float() * weights[0]
    for layer, weight in zip(layers[1:], weights[1:], strict=True):
        total.add_(layer, alpha=weight)
    return total / sum(weights)


@torch.inference_mode()
def pool_batch(
    transformer: Transformer, batch: PackedBatch, plans: Sequence[PlannedPooling]
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Vectors and bad rows of every pooling, from one forward pass."""
    views = _read_views(transformer, batch, plans)
    pooled = [plan.vectors_of(views[plan.view]) for plan in plans]
    return [(vectors.cpu().numpy(), bad.cpu().numpy()) for vectors, bad in pooled]


@torch.inference_mode()
def pool_batch_of_windows(
    transformer: Transformer, batch: PackedBatch, plans: Sequence[PlannedPooling]
) -> list[tuple[np.ndarray, np.ndarray]]:
    """A float32 vector of every window, not finished, and its number of tokens that count."""
    views = _read_views(transformer, batch, plans)
    counts = {
        view: count_tokens(tokens.segment, tokens.n).cpu().numpy() for view, tokens in views.items()
    }
    pooled = [plan.pooler.tokens.pool(views[plan.view]) for plan in plans]
    return [
        (vectors.cpu().numpy(), counts[plan.view])
        for vectors, plan in zip(pooled, plans, strict=True)
    ]


def _read_views(
    transformer: Transformer, batch: PackedBatch, plans: Sequence[PlannedPooling]
) -> dict[View, TokenBatch]:
    """What the poolings read, from one forward pass."""
    layers = sorted({layer for plan in plans for layer in plan.view.layers})
    wants_pooled = any(plan.spec.strategy == "pooler" for plan in plans)
    found = transformer.forward(batch, layers, wants_pooled=wants_pooled)
    return {view: view.batch_of(found, batch) for view in {plan.view for plan in plans}}
