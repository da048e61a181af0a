"""A labeler: what it reads, its head, its calibration, and when it leaves a document to people.

Knows how logits become probabilities and decisions. Does not know how any of it was fitted.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Literal, Protocol

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, JsonValue

from labeling.schema import LabelSchema

_FROZEN = ConfigDict(frozen=True, extra="forbid")

# What a labeler reads, one entry per document: float32 [n, dimension] vectors of its space; texts;
# or float32 [n, members, labels] probabilities of its members.
Inputs = np.ndarray | Sequence[str]


class SpaceSource(BaseModel):
    """The vectors of one space, by the fingerprint of its lineage; `name` is its dataset's."""

    model_config = _FROZEN

    kind: Literal["space"] = "space"
    space: str
    name: str


class TextSource(BaseModel):
    """The texts themselves."""

    model_config = _FROZEN

    kind: Literal["text"] = "text"


class MembersSource(BaseModel):
    """The stored probabilities of other labelers, by their names in the store, in this order."""

    model_config = _FROZEN

    kind: Literal["members"] = "members"
    labelers: tuple[str, ...]


Source = Annotated[SpaceSource | TextSource | MembersSource, Field(discriminator="kind")]


class Method(BaseModel):
    """How logits are made: a head of HEADS or TEXT_HEADS, or an ensemble of ENSEMBLES."""

    model_config = _FROZEN

    name: str
    parameters: dict[str, JsonValue] = {}


class Calibration(BaseModel):
    """Probabilities are softmax or sigmoid of scale * logits + shift; one of each, or per label.

    `soft_share` of those of a single-label task comes from the softmax of soft_scale * logits.
    """

    model_config = _FROZEN

    scale: tuple[float, ...] = (1.0,)
    shift: tuple[float, ...] = (0.0,)
    soft_share: float = 0.0
    soft_scale: float = 1.0


class DecisionRule(BaseModel):
    """Which documents need nobody to look at them: those of at least this score.

    `min_score` None: no score reaches the target, and all documents go to review.
    """

    model_config = _FROZEN

    target_precision: float
    min_score: float | None


class LabelerSpec(BaseModel):
    """What a labeler is; with the tensors of its head this is its identity."""

    model_config = _FROZEN

    kind: Literal["labeler"] = "labeler"
    title: str
    label_schema: LabelSchema
    source: Source
    method: Method
    calibration: Calibration
    thresholds: tuple[float, ...] = ()  # of a multi-label task: one per label
    decision: DecisionRule


class Head(Protocol):
    """From inputs to logits: float64 [n, labels]."""

    def logits(self, inputs: Inputs) -> np.ndarray:
        """Logits before calibration."""

    def tensors(self) -> dict[str, np.ndarray]:
        """What is to be kept; the table of its kind makes the head of it again."""


@dataclass(frozen=True, slots=True)
class Predictions:
    """What a labeler says of n documents.

    Attributes:
        probabilities: Float32 [n, labels], calibrated.
        chosen: Bool [n, labels]: the decided labels; of a multi-label task perhaps none.
        score: Float32 [n]: the probability of the decision: of the chosen label, or of the least
            sure of all yes and no.
        is_auto: Bool [n]: nobody needs to look at it.
    """

    probabilities: np.ndarray
    chosen: np.ndarray
    score: np.ndarray
    is_auto: np.ndarray


@dataclass(frozen=True, slots=True)
class Labeler:
    """A spec with its head."""

    spec: LabelerSpec
    head: Head


@dataclass(frozen=True, slots=True)
class Member:
    """A trained labeler, and what it said of examples that it had not seen.

    Attributes:
        labeler: The labeler, trained on all training rows.
        held: Ascending places of the training rows that were predicted out of fold.
        held_probabilities: Float32 [len(held), labels].
        test_probabilities: Float32 [len(examples.test), labels].
        seconds: What training took, of this machine's time.
    """

    labeler: Labeler
    held: np.ndarray
    held_probabilities: np.ndarray
    test_probabilities: np.ndarray
    seconds: float
