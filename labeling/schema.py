"""Which labels there are, in which order. The order is that of every column of probabilities."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, field_validator

Task = Literal["single_label", "multi_label"]


class LabelSchema(BaseModel):
    """The labels of a task: one of them for each document, or any number of them."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    task: Task
    labels: tuple[str, ...]

    @field_validator("labels")
    @classmethod
    def _each_once(cls, labels: tuple[str, ...]) -> tuple[str, ...]:
        if len(labels) < 2 or len(set(labels)) < len(labels):  # noqa: PLR2004
            raise ValueError(f"labels: two or more, each once; found {list(labels)}")
        return labels
