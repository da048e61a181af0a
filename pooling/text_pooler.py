"""Build the pooling that a spec describes: layers mixed, tokens pooled, windows pooled.

Knows how these fit together, and how fitted tensors get in. Knows no model and no file.
"""

from dataclasses import replace
from typing import assert_never

import torch
from pydantic import JsonValue
from torch import nn

from pooling import windows as over
from pooling.batch import TokenBatch
from pooling.filling import (
    find_weights,
    name_weights,
    refuse_other_pooling,
    refuse_other_shapes,
)
from pooling.fitted import Fitted, FittedByName
from pooling.learned import Attention, LayerMix
from pooling.pooler import FittedPooler, FittedStrategy, Pooler, Sizes
from pooling.segments import count_tokens
from pooling.shapes import TextVectors
from pooling.spec import PoolingSpec
from pooling.table import POOLERS
from pooling.windows import HierarchicalStrategy, WindowVectors

# Others would give other vectors of the same weights: what these say, they were learned with.
_TRAINED_WITH = {
    *("strategy", "parameters"),
    *("layers", "combine", "mix_weights", "special_tokens", "prompt_tokens"),
}


class TextPooler(nn.Module):
    """A whole pooling. What it learns are its parameters; `build_pooler` fills them from a store.

    Attributes:
        spec: What it was built from.
        mix: Learned weights of the layers; None: they are given, or not mixed.
        tokens: From tokens to one vector per text, or per window of a long text.
        windows: Learned weights of windows; None: they are not learned.
    """

    def __init__(self, spec: PoolingSpec, sizes: Sizes | None = None) -> None:
        """Fresh weights come from torch's seed; `sizes` may be left out where none are needed.

        Raises:
            ValueError: They are needed.
        """
        super().__init__()
        self.spec = spec
        self.mix = LayerMix(len(spec.layers)) if spec.learns_mix else None
        self.tokens = _token_pooler(spec, sizes)
        self.windows = _window_pooler(spec, self.tokens, sizes)

    def pool(self, batch: TokenBatch) -> TextVectors:
        """One row per text, of a batch whose layers are combined and that holds whole texts."""
        if batch.window is None:
            return self.pool_windows(_one_window_each(self.tokens.pool(batch), batch))
        number = torch.stack([batch.segment, batch.window], dim=1)
        found, segment = torch.unique_consecutive(number, dim=0, return_inverse=True)
        apart = replace(batch, segment=segment, n=len(found), window=None)
        return self.pool_windows(
            WindowVectors(
                vectors=self.tokens.pool(apart),
                segment=found[:, 0],
                n=batch.n,
                num_tokens=count_tokens(segment, len(found)),
            )
        )

    def pool_windows(self, windows: WindowVectors) -> TextVectors:
        """One row per text, from the vectors that `tokens` gave of its windows."""
        if self.is_hierarchical:
            assert isinstance(self.tokens, FittedPooler)
            assert isinstance(self.tokens.strategy, HierarchicalStrategy)
            return self.tokens.strategy.pool_windows_with(self.tokens.layers, windows)
        if len(windows.vectors) == windows.n:
            return windows.vectors.float()
        match self.spec.over_windows:
            case "mean":
                return over.mean(windows)
            case "max":
                return over.max_(windows)
            case "attention":
                assert self.windows is not None
                return self.windows.pool(over.as_tokens(windows))
            case never:
                assert_never(never)

    @property
    def is_hierarchical(self) -> bool:
        """Whether the strategy has its own way over windows, even over a single one."""
        tokens = self.tokens
        return isinstance(tokens, FittedPooler) and isinstance(
            tokens.strategy, HierarchicalStrategy
        )

    @property
    def mix_weights(self) -> tuple[float, ...]:
        """Of the layers, given or learned; empty where they are not mixed."""
        if self.mix is None:
            return self.spec.mix_weights
        return tuple(self.mix.weights().tolist())

    def width(self, hidden_size: int) -> int:
        """How wide the vectors are for states of this width."""
        return self.tokens.width(hidden_size)

    def to_fitted(self, **about: JsonValue) -> Fitted:
        """What it has learned, for a store; `about` says on what.

        It is of use for the strategy and the states that it was trained with, so it says them.
        """
        settings: dict[str, JsonValue] = {
            "pooling": self.spec.model_dump(mode="json", include=_TRAINED_WITH),
        }
        tensors = {name: tensor.detach().cpu() for name, tensor in self.state_dict().items()}
        return Fitted(tensors, settings | about)


def build_pooler(
    spec: PoolingSpec, sizes: Sizes | None = None, fitted: FittedByName | None = None
) -> TextPooler:
    """The pooling that the spec names, filled with what was fitted for it.

    Raises:
        ValueError: What was fitted is not given, or does not fit the spec or the sizes.
    """
    pooler = TextPooler(spec, sizes)
    if spec.needs_weights:
        _fill(pooler, sizes, find_weights(spec, fitted or {}))
    return pooler.eval().requires_grad_(False)


def _fill(pooler: TextPooler, sizes: Sizes | None, fitted: Fitted) -> None:
    spec = pooler.spec
    refuse_other_pooling(spec, fitted)
    wanted = {name: tuple(tensor.shape) for name, tensor in pooler.state_dict().items()}
    refuse_other_shapes(spec, fitted, wanted, sizes)
    if wrong := [name for name, tensor in fitted.tensors.items() if not tensor.isfinite().all()]:
        raise ValueError(
            f"{name_weights(spec, fitted)} hold numbers that are not finite, in {wrong[:4]}. Fit "
            "them again."
        )
    pooler.load_state_dict(fitted.tensors)


def _token_pooler(spec: PoolingSpec, sizes: Sizes | None) -> Pooler:
    strategy = POOLERS[spec.strategy](**spec.parameters)
    if isinstance(strategy, FittedStrategy):
        return FittedPooler(strategy, _known(spec, sizes))
    return strategy


def _window_pooler(spec: PoolingSpec, tokens: Pooler, sizes: Sizes | None) -> FittedPooler | None:
    if spec.over_windows != "attention":
        return None
    known = _known(spec, sizes)
    return FittedPooler(Attention(), replace(known, hidden=tokens.width(known.hidden)))


def _known(spec: PoolingSpec, sizes: Sizes | None) -> Sizes:
    if sizes is None:
        raise ValueError(
            f"pooling {spec.strategy!r} has weights whose shapes depend on the encoder. Give its "
            "sizes."
        )
    return sizes


def _one_window_each(vectors: TextVectors, batch: TokenBatch) -> WindowVectors:
    return WindowVectors(
        vectors=vectors,
        segment=torch.arange(batch.n, device=vectors.device),
        n=batch.n,
        num_tokens=count_tokens(batch.segment, batch.n),
    )
