"""Hold what was fitted for a pooling, and turn it into bytes and back. Knows tensors, no file."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from pydantic import JsonValue
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from pooling.differences import shorten


@dataclass(frozen=True, slots=True)
class Fitted:
    """Counts of tokens, learned weights, or ranges of values: what a strategy alone lacks.

    Attributes:
        tensors: By name, on the CPU.
        about: What was fitted, with which settings, on what. It is part of the identity, so no
            date and no place belong here.
        name: What a store calls it. For messages: it is no part of the identity.
    """

    tensors: dict[str, Tensor]
    about: dict[str, JsonValue] = field(default_factory=dict)
    name: str | None = field(default=None, compare=False)

    def called(self, reference: str) -> str:
        """What a person calls it, whom a fingerprint would tell nothing."""
        return self.name or shorten(reference)

    def to_bytes(self) -> bytes:
        """The tensors as a safetensors file: equal tensors, equal bytes."""
        return save({name: tensor.contiguous() for name, tensor in self.tensors.items()})

    @classmethod
    def from_bytes(cls, content: bytes, about: dict[str, JsonValue]) -> "Fitted":
        """What `to_bytes` wrote.

        Raises:
            ValueError: The bytes are cut off, or something else.
        """
        try:
            return cls(load(content), about)
        except SafetensorError as error:
            raise ValueError(f"not a safetensors file ({error}). Fit it again.") from error


# By the name that a spec gives: `weights` or `ranges`.
FittedByName = Mapping[str, Fitted]
