"""Say which head or ensemble is to be trained. Knows the tables, no data."""

import inspect
from collections.abc import Callable, Mapping
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError, model_validator

from labeling.heads.head_kind import HeadKind
from labeling.heads.tables import ENSEMBLES, HEADS, TEXT_HEADS, UNWEIGHTED
from labeling.training.train_spec import ClassWeight

_FROZEN = ConfigDict(frozen=True, extra="forbid")


class HeadSpec(BaseModel):
    """A head: over vectors of a space, or over texts.

    A bare name is enough: "linear_svm" is the same as {"head": "linear_svm"}.
    """

    model_config = _FROZEN

    head: str = Field(
        default="logistic_regression",
        description="What turns a vector, or a text, into labels.",
        json_schema_extra={"enum": [*HEADS, *TEXT_HEADS]},
    )
    parameters: dict[str, JsonValue] = Field(
        default={},
        description='Settings of the head itself, such as {"c": [0.01, 0.1]} of '
        "logistic_regression: see docs/labels.md.",
    )
    class_weight: ClassWeight = Field(
        default="none",
        description="Balanced: a rare label counts as much as a frequent one.",
    )
    seed: int = Field(default=0, ge=0, description="Of everything that is drawn in training.")

    @property
    def kind(self) -> HeadKind:
        """What the table makes of the name and the parameters."""
        return ({**HEADS, **TEXT_HEADS})[self.head](**self.parameters)

    @property
    def reads_texts(self) -> bool:
        """Whether the head is made of texts rather than vectors."""
        return self.head in TEXT_HEADS

    @model_validator(mode="before")
    @classmethod
    def _fill_in(cls, value: Any) -> Any:
        return {"head": value} if isinstance(value, str) else value

    @model_validator(mode="after")
    def _refuse_nonsense(self) -> "HeadSpec":
        refuse_unknown("head", {**HEADS, **TEXT_HEADS}, self.head, self.parameters)
        if self.class_weight != "none" and self.head in UNWEIGHTED:
            raise ValueError(
                f"class_weight {self.class_weight!r}: head {self.head!r} has no class weights. "
                "Leave class_weight out."
            )
        return self


class EnsembleSpec(BaseModel):
    """An ensemble: how the probabilities of several labelers become one.

    A bare name is enough: "stack" is the same as {"ensemble": "stack"}.
    """

    model_config = _FROZEN

    ensemble: str = Field(
        default="stack",
        description="What becomes of the members' probabilities.",
        json_schema_extra={"enum": list(ENSEMBLES)},
    )
    parameters: dict[str, JsonValue] = Field(
        default={}, description="Settings of the ensemble itself; most have none."
    )

    @property
    def kind(self) -> HeadKind:
        """What the table makes of the name and the parameters."""
        return ENSEMBLES[self.ensemble](**self.parameters)

    @model_validator(mode="before")
    @classmethod
    def _fill_in(cls, value: Any) -> Any:
        return {"ensemble": value} if isinstance(value, str) else value

    @model_validator(mode="after")
    def _refuse_nonsense(self) -> "EnsembleSpec":
        refuse_unknown("ensemble", ENSEMBLES, self.ensemble, self.parameters)
        return self


class MemberOptions(BaseModel):
    """What a labeler is called, and how sure it has to be to decide alone."""

    model_config = _FROZEN

    title: str = Field(min_length=1, description="What the labeler is called.")
    target_precision: Annotated[float, Field(gt=0, lt=1)] = Field(
        default=0.9,
        description="The share of decisions without review that shall be right.",
    )


def refuse_unknown(
    word: str,
    table: Mapping[str, Callable[..., HeadKind]],
    name: str,
    parameters: dict[str, JsonValue],
) -> None:
    """Refuse a name or parameters that the table does not have.

    Raises:
        ValueError: With what is known.
    """
    if name not in table:
        raise ValueError(f"{word} {name!r} is not known; known: {', '.join(table)}")
    known = sorted(inspect.signature(table[name]).parameters)
    if unknown := sorted(set(parameters) - set(known)):
        raise ValueError(f"{word} {name!r} has no parameters {unknown}; it has {known or 'none'}")
    try:
        table[name](**parameters)
    except ValidationError as error:
        faults = "; ".join(
            f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}, found {fault['input']!r}"
            for fault in error.errors()
        )
        raise ValueError(f"{word} {name!r}: {faults}") from error
