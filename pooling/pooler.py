"""Say what a pooler is. Knows the signature, no strategy."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from pydantic import ConfigDict
from torch import nn

from pooling.batch import TokenBatch
from pooling.shapes import TextVectors

# How the classes that hold a strategy's parameters are checked.
PARAMETERS = ConfigDict(extra="forbid")


@runtime_checkable
class Pooler(Protocol):
    """Turns a batch of tokens into one vector per text."""

    def pool(self, batch: TokenBatch) -> TextVectors:
        """One float32 row per text, in the order of the segments."""
        ...

    def width(self, hidden_size: int) -> int:
        """How wide the vectors are for states of this width."""
        ...


@dataclass(frozen=True, slots=True)
class PlainPooler:
    """A pooler without weights or parameters: a function, and how much it widens."""

    function: Callable[[TokenBatch], TextVectors]
    widening: int = 1

    def pool(self, batch: TokenBatch) -> TextVectors:
        """What the function says."""
        return self.function(batch)

    def width(self, hidden_size: int) -> int:
        """The states' width times the widening."""
        return self.widening * hidden_size


@dataclass(frozen=True, slots=True)
class Sizes:
    """What the shapes of fitted tensors depend on.

    Attributes:
        hidden: How wide the token states are, their layers combined.
        vocabulary: How many ids there are.
    """

    hidden: int
    vocabulary: int


@runtime_checkable
class FittedStrategy(Protocol):
    """A strategy that needs tensors: learned weights, or counts of tokens.

    The object itself holds its parameters only; the tensors are those of a torch module.
    """

    def build(self, sizes: Sizes) -> nn.Module:
        """The module with fresh tensors, from torch's seed; training or loading fills them."""
        ...

    def pool_with(self, layers: nn.Module, batch: TokenBatch) -> TextVectors:
        """One float32 row per text, from the batch and what `build` gave."""
        ...

    def width(self, hidden_size: int) -> int:
        """How wide the vectors are for states of this width."""
        ...


class FittedPooler(nn.Module):
    """A pooler of a fitted strategy with its tensors: to be trained, filled, pooled with."""

    def __init__(self, strategy: FittedStrategy, sizes: Sizes) -> None:
        super().__init__()
        self.strategy = strategy
        self.layers = strategy.build(sizes)

    def pool(self, batch: TokenBatch) -> TextVectors:
        """What the strategy makes of the batch with these tensors."""
        return self.strategy.pool_with(self.layers, batch)

    def width(self, hidden_size: int) -> int:
        """The strategy's."""
        return self.strategy.width(hidden_size)
