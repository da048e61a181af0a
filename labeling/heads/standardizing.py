"""Standardise vectors, and fold that into the weights of a first layer. Knows arrays only."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

_SLICE_ROWS = 8_192  # that are in memory as float64 at a time
# A dimension that varies by less than this share of its mean, or of what the widest one varies
# by, is constant: what differs is rounding. Some encoders have such dead dimensions.
_CONSTANT = 1e-6


@dataclass(frozen=True, slots=True)
class Standard:
    """What was taken off each dimension, and by what it was divided.

    Attributes:
        mean: Float32 [dimension].
        scale: Float32 [dimension]: the standard deviation; 1 where all rows are alike.
    """

    mean: np.ndarray
    scale: np.ndarray

    def fold(self, weights: np.ndarray, bias: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Float32 weights and bias that do to a vector what these do to a standardised one."""
        folded = weights.astype(np.float64) / self.scale
        return folded.astype(np.float32), (bias - folded @ self.mean).astype(np.float32)

    def unfold(self, weights: np.ndarray, bias: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """What `fold` was given, as float64."""
        unfolded = weights.astype(np.float64)
        return unfolded * self.scale, bias + unfolded @ self.mean


def standardize(vectors: np.ndarray) -> tuple[np.ndarray, Standard]:
    """A float32 copy of mean 0 and standard deviation 1 in each dimension, and how."""
    mean = _mean(vectors, lambda part: part).astype(np.float32)
    deviation = np.sqrt(_mean(vectors, lambda part: (part - mean) ** 2))
    varies = deviation > _CONSTANT * np.maximum(np.abs(mean), deviation.max(initial=0))
    scale = np.where(varies, deviation, 1).astype(np.float32)
    standardized = vectors.astype(np.float32)
    standardized -= mean
    standardized /= scale
    return standardized, Standard(mean, scale)


def _mean(vectors: np.ndarray, change: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    total = np.zeros(vectors.shape[1])
    for start in range(0, len(vectors), _SLICE_ROWS):
        part = vectors[start : start + _SLICE_ROWS].astype(np.float64)
        total += change(part).sum(axis=0)
    return total / max(len(vectors), 1)
