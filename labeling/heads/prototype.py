"""A head made of one vector per label: few labelled texts are enough, or none. Knows vectors."""

from collections.abc import Mapping
from dataclasses import dataclass as plain_dataclass
from typing import Annotated

import numpy as np
from pydantic import Field
from pydantic.dataclasses import dataclass

from labeling.heads.checks import expect_tensors, vectors_of
from labeling.heads.head_kind import PARAMETERS, HeadSetting, TrainingRows
from labeling.labeler import Head, Inputs

# Where nothing is known to calibrate by, a cosine higher by 0.1 is e^2 times as probable.
_SHARPNESS = 20.0
_SLICE_ROWS = 8_192  # of vectors that are in memory as float64 at a time


@plain_dataclass(frozen=True, slots=True)
class PrototypeHead:
    """Logits are the cosines to the prototypes, times 20.

    Attributes:
        prototypes: Float32 [labels, dimension], of length 1, or 0 where nothing is known.
    """

    prototypes: np.ndarray

    def logits(self, inputs: Inputs) -> np.ndarray:
        """Summed in float64, so that no neighbour changes a row."""
        vectors = vectors_of(inputs, self.prototypes.shape[1])
        cosines: np.ndarray = _unit(vectors) @ self.prototypes.T.astype(np.float64)
        return _SHARPNESS * cosines

    def tensors(self) -> dict[str, np.ndarray]:
        """`prototypes`."""
        return {"prototypes": self.prototypes}


@dataclass(frozen=True, slots=True, config=PARAMETERS)
class Prototype:
    """The label whose prototype is nearest: the mean of its texts' and its description's vectors.

    All vectors are scaled to length 1 first. A description counts as much as `description_rows`
    labelled texts; without any labelled text it is the prototype.

    Source: https://arxiv.org/abs/1703.05175
    """

    description_rows: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 4.0

    def choices(self, rows: TrainingRows) -> tuple["Prototype", ...]:
        """Nothing is to be chosen."""
        return (self,)

    def fit(self, rows: TrainingRows, start: Head | None) -> PrototypeHead:
        """Of a row with several labels, each label gets the vector."""
        assert isinstance(rows.inputs, np.ndarray)
        total = np.zeros((rows.indicator.shape[1], rows.inputs.shape[1]))
        for first in range(0, len(rows.inputs), _SLICE_ROWS):
            part = slice(first, first + _SLICE_ROWS)
            total += rows.indicator[part].T.astype(np.float64) @ _unit(rows.inputs[part])
        if rows.prototypes is not None:
            total += self.description_rows * _unit(rows.prototypes)
        return PrototypeHead(_unit(total).astype(np.float32))

    def restore(self, tensors: Mapping[str, np.ndarray], setting: HeadSetting) -> PrototypeHead:
        """The head whose prototypes these are."""
        expect_tensors(tensors, {"prototypes": ("labels", "dimension")}, setting.sizes)
        return PrototypeHead(tensors["prototypes"])


def _unit(vectors: np.ndarray) -> np.ndarray:
    """Each row as float64 of length 1; a row of zeros stays one."""
    rows = vectors.astype(np.float64)
    length = np.linalg.norm(rows, axis=1, keepdims=True)
    unit: np.ndarray = np.divide(rows, length, out=np.zeros_like(rows), where=length > 0)
    return unit
