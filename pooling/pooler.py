"""Say what a pooler is. Knows the signature, no strategy."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from pooling.batch import TokenBatch
from pooling.shapes import TextVectors


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
