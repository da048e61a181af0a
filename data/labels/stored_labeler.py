"""What the store reads of a labeler's `about.json`, as frozen models.

Knows its shape, and passes over what else stands there. Does not know how a label is decided.
"""

from typing import Literal

from pydantic import BaseModel, ConfigDict, JsonValue

from data.lineage import fingerprint

_OF_ABOUT = ConfigDict(frozen=True, extra="ignore")


class StoredSchema(BaseModel):
    """The labels of a task, in the order of every column of probabilities."""

    model_config = _OF_ABOUT

    task: Literal["single_label", "multi_label"]
    labels: tuple[str, ...]

    @property
    def code(self) -> str:
        """8 hex digits that two labelers share if they decide among the same labels."""
        return fingerprint(self.model_copy(update={"labels": tuple(sorted(self.labels))}))[:8]


class StoredSource(BaseModel):
    """What a labeler reads: a space by its fingerprint, texts, or members by their names."""

    model_config = _OF_ABOUT

    kind: Literal["space", "text", "members"]
    space: str | None = None
    name: str | None = None
    labelers: tuple[str, ...] = ()


class StoredMethod(BaseModel):
    """The head or ensemble, with its parameters."""

    model_config = _OF_ABOUT

    name: str
    parameters: dict[str, JsonValue] = {}


class StoredCalibration(BaseModel):
    """Probabilities are softmax or sigmoid of scale * logits + shift; one of each, or per label.

    `soft_share` of those of a single-label task comes from the softmax of soft_scale * logits.
    """

    model_config = _OF_ABOUT

    scale: tuple[float, ...] = (1.0,)
    shift: tuple[float, ...] = (0.0,)
    soft_share: float = 0.0
    soft_scale: float = 1.0


class StoredDecision(BaseModel):
    """Documents of at least `min_score` need nobody to look at them; None: all do."""

    model_config = _OF_ABOUT

    target_precision: float
    min_score: float | None = None


class StoredLabeler(BaseModel):
    """A labeler in the store: its name there, and what is said of it."""

    model_config = _OF_ABOUT

    name: str
    fingerprint: str
    title: str
    label_schema: StoredSchema
    source: StoredSource
    method: StoredMethod
    calibration: StoredCalibration = StoredCalibration()
    thresholds: tuple[float, ...] = ()
    decision: StoredDecision
