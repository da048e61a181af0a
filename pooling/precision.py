"""Round finished vectors to what is stored of each number, and back. Knows vectors, no model.

int8, per dimension, with a range from `minimum` to `maximum` that was fitted on a stated sample:

    q = round(255 (x - minimum) / (maximum - minimum)), cut to 0 ... 255, stored as q - 128
    restored: minimum + q (maximum - minimum) / 255

binary: a bit for each dimension, 1 where x > 0, the first one in the highest bit of a byte;
restored as 1 and -1.

Source: https://huggingface.co/blog/embedding-quantization and quantize_embeddings of
sentence-transformers, which rounds down (twice the largest error) and, if it is given no ranges,
takes those of the rows of one call, so that two calls have two scales. Here ranges are fitted once
and are part of the space's identity.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from pydantic import JsonValue
from torch import Tensor

from pooling.fitted import Fitted

Precision = Literal["float32", "float16", "int8", "binary"]

BITS: dict[Precision, int] = {"float32": 32, "float16": 16, "int8": 8, "binary": 1}
_STEPS = 255
_MIDDLE = 128
_BIT_VALUES = (128, 64, 32, 16, 8, 4, 2, 1)


@dataclass(frozen=True, slots=True)
class Ranges:
    """The smallest and the largest value of each dimension that int8 tells from others."""

    minimum: Tensor
    maximum: Tensor

    @property
    def step(self) -> Tensor:
        """The distance of two neighbouring values; 0 where the range is a single one."""
        return (self.maximum - self.minimum) / _STEPS

    def to(self, device: torch.device | str) -> "Ranges":
        """The same on a device."""
        return Ranges(self.minimum.to(device), self.maximum.to(device))

    def to_fitted(self, about: Mapping[str, JsonValue]) -> Fitted:
        """For a store; `about` says which vectors they are of, and which sample of them."""
        return Fitted({"minimum": self.minimum, "maximum": self.maximum}, dict(about))


@dataclass(frozen=True, slots=True)
class Rounding:
    """How the vectors of a space are stored.

    Attributes:
        precision: Of each number.
        dimension: How many numbers there are, whatever room they take.
        ranges: For int8.
    """

    precision: Precision
    dimension: int
    ranges: Ranges | None = None

    def round(self, vectors: Tensor) -> Tensor:
        """What is stored of float32 vectors: floats, int8, or bytes of eight bits each."""
        match self.precision:
            case "float32":
                return vectors
            case "float16":
                return vectors.half()
            case "int8":
                return _to_int8(vectors, self._ranges)
            case "binary":
                return _to_bits(vectors)

    def restore(self, stored: Tensor) -> Tensor:
        """The floats that stand for what is stored."""
        match self.precision:
            case "int8":
                return self._ranges.minimum + (stored.float() + _MIDDLE) * self._ranges.step
            case "binary":
                values = stored.new_tensor(_BIT_VALUES)
                return ((stored.unsqueeze(2) & values) > 0).flatten(1).float() * 2 - 1
            case _:
                return stored

    def room_for(self, num_texts: int) -> np.ndarray:
        """Zeros of the kind that `round` gives."""
        if self.precision == "binary":
            return np.zeros((num_texts, self.dimension // 8), dtype=np.uint8)
        return np.zeros((num_texts, self.dimension), dtype=self.precision)

    def to(self, device: torch.device | str) -> "Rounding":
        """The same on a device."""
        ranges = None if self.ranges is None else self.ranges.to(device)
        return Rounding(self.precision, self.dimension, ranges)

    @property
    def _ranges(self) -> Ranges:
        assert self.ranges is not None  # `plan_rounding` refuses int8 without
        return self.ranges


def _to_int8(vectors: Tensor, ranges: Ranges) -> Tensor:
    """A dimension whose range is a single value has nothing to tell: the first step."""
    step = torch.where(ranges.step == 0, torch.inf, ranges.step)
    steps = ((vectors - ranges.minimum) / step).round().nan_to_num(0).clamp(0, _STEPS)
    return (steps - _MIDDLE).to(torch.int8)


def _to_bits(vectors: Tensor) -> Tensor:
    bits = (vectors > 0).reshape(len(vectors), -1, len(_BIT_VALUES))  # [texts, bytes, bits]
    values = torch.tensor(_BIT_VALUES, device=vectors.device)
    return torch.where(bits, values, 0).sum(dim=2).to(torch.uint8)


def refuse_wrong_precision(
    precision: Precision, ranges: str | None, dimensions: int | None
) -> None:
    """Refuse what no encoder could make right.

    Raises:
        ValueError: int8 without ranges, ranges without int8, or bits that fill no whole byte.
    """
    if precision == "int8" and ranges is None:
        raise ValueError(
            "precision 'int8' needs the ranges of the values. Fit them with python -m "
            "flows.fit_ranges, which prints what to name in pooling.ranges."
        )
    if precision != "int8" and ranges is not None:
        raise ValueError(
            f"ranges {ranges!r} with precision {precision!r}. They are for int8 alone: leave them "
            "out."
        )
    if precision == "binary" and dimensions is not None and dimensions % 8:
        raise ValueError(
            f"precision 'binary' packs 8 dimensions into a byte; found dimensions={dimensions}. "
            f"Set dimensions to a multiple of 8, such as {dimensions + -dimensions % 8}."
        )
