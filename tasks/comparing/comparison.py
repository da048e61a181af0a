"""What a comparison of labelers found, as frozen models. Computes nothing."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, model_validator

from labeling import Evaluation, LabelSchema, Metric, PairedTest, Task

_FROZEN = ConfigDict(frozen=True, extra="forbid")

Family = Literal["pooling", "learned", "fine_tuned", "text", "ensemble", "control"]

# The figure by which a labeler is judged, of those in its evaluation.
HEADLINES: dict[Task, str] = {"single_label": "accuracy", "multi_label": "f1_micro"}


class Cost(BaseModel):
    """What a million documents cost: time to encode them here, and bytes to keep their vectors.

    `encode_seconds` None: nothing was encoded whose time is known.
    """

    model_config = _FROZEN

    encode_seconds: float | None
    vector_bytes: float


class ComparedLabeler(BaseModel):
    """A labeler of the comparison.

    `name` is what people read, `labeler` its name in the store; None: a control, not kept.
    `held_quality` is its headline figure on training rows that it had not seen: by this one
    labelers are chosen, so that the test stays untouched by the choice.
    """

    model_config = _FROZEN

    name: str
    labeler: str | None
    family: Family
    evaluation: Evaluation
    held_quality: float
    train_seconds: float
    cost: Cost


class SeedControl(BaseModel):
    """The control of ensembles: one pooling with several seeds, beside several poolings.

    `poolings` and `seeds` name two labelers of the comparison that differ in nothing else.
    """

    model_config = _FROZEN

    poolings: str
    seeds: str
    test: PairedTest


class TextMap(BaseModel):
    """Texts of the test in two dimensions: near each other where their vectors are."""

    model_config = _FROZEN

    space: str
    x: tuple[float, ...]
    y: tuple[float, ...]
    label: tuple[int, ...]


class Comparison(BaseModel):
    """All that the page shows.

    `leader` is the best labeler, `single` the best that is no ensemble, `dense` the best over
    vectors, `plain` the one over mean pooling if there is one, `text` the one over words: all by
    `held_quality`. `tests` are of every labeler against `single` and against `plain`, and of
    `dense` against `text`. `facts` say what was split and how, in sentences.
    """

    model_config = _FROZEN

    title: str
    corpus: str
    label_column: str
    label_schema: LabelSchema
    target_precision: float
    made_at: datetime
    facts: tuple[str, ...]
    labelers: tuple[ComparedLabeler, ...]
    leader: str
    single: str
    dense: str
    plain: str | None
    text: str
    tests: tuple[PairedTest, ...]
    seed_control: SeedControl | None = None
    text_map: TextMap | None = None

    @model_validator(mode="after")
    def _names_are_there(self) -> "Comparison":
        names = [each.name for each in self.labelers]
        pointed = {self.leader, self.single, self.dense, self.text, self.plain or self.single}
        if len(set(names)) < len(names) or not pointed <= set(names):
            raise ValueError(f"labelers: each once, and {sorted(pointed)} among them; {names}")
        return self

    def labeler(self, name: str) -> ComparedLabeler:
        """The labeler of that name."""
        return next(each for each in self.labelers if each.name == name)

    def test(self, first: str, second: str | None) -> PairedTest | None:
        """The paired test of the two, if there is one."""
        pair = (first, second)
        return next((test for test in self.tests if (test.first, test.second) == pair), None)

    def headline(self, name: str) -> Metric:
        """The figure by which that labeler is judged."""
        return self.labeler(name).evaluation.metric(HEADLINES[self.label_schema.task])

    @property
    def ranked(self) -> tuple[ComparedLabeler, ...]:
        """The labelers, best headline first."""
        return tuple(
            sorted(self.labelers, key=lambda each: self.headline(each.name).value, reverse=True)
        )


class Reported(BaseModel):
    """A comparison, and where its page lies."""

    model_config = _FROZEN

    comparison: Comparison
    page: str
