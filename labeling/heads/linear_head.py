"""A linear head: logits are weights x + bias. Knows vectors, no training and no calibration."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from labeling.heads.checks import expect_tensors, vectors_of
from labeling.heads.head_kind import HeadSetting
from labeling.labeler import Inputs

_SLICE_ROWS = 8_192  # of vectors that are in memory as float64 at a time


@dataclass(frozen=True, slots=True)
class LinearHead:
    """Logits are weights x + bias.

    Attributes:
        weights: Float32 [labels, dimension].
        bias: Float32 [labels].
    """

    weights: np.ndarray
    bias: np.ndarray

    def logits(self, inputs: Inputs) -> np.ndarray:
        """Summed in float64, so that no neighbour changes a row."""
        vectors = vectors_of(inputs, self.weights.shape[1])
        weights = self.weights.astype(np.float64).T
        found = np.tile(self.bias.astype(np.float64), (len(vectors), 1))
        for start in range(0, len(vectors), _SLICE_ROWS):
            part = slice(start, start + _SLICE_ROWS)
            found[part] += vectors[part].astype(np.float64) @ weights
        return found

    def tensors(self) -> dict[str, np.ndarray]:
        """`weights` and `bias`."""
        return {"weights": self.weights, "bias": self.bias}


def restore_linear(tensors: Mapping[str, np.ndarray], setting: HeadSetting) -> LinearHead:
    """The linear head whose tensors these are.

    Raises:
        ValueError: They are not those of such a head.
    """
    expected = {"weights": ("labels", "dimension"), "bias": ("labels",)}
    expect_tensors(tensors, expected, setting.sizes)
    return LinearHead(tensors["weights"], tensors["bias"])
