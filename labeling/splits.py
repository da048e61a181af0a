"""Which texts are trained on, in which fold, and which are only tested on.

Knows texts, their strata, and the names of a split column. Knows no labels by name.
"""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

OnTrouble = Literal["refuse", "drop"]


class SplitSpec(BaseModel):
    """How labelled rows are split, and what becomes of rows that cannot be used."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    task: Literal["auto", "single_label", "multi_label"] = Field(
        default="auto", description="By the label column: multi_label if it holds lists"
    )
    labels: tuple[str, ...] = Field(
        default=(),
        description="The labels in their order; those found, sorted, where none is given",
    )
    test_share: float = Field(
        default=0.2, gt=0, lt=1, description="Share of texts to test on; a split column wins"
    )
    num_folds: int = Field(default=3, ge=2, description="Folds for out-of-fold predictions")
    salt: str = Field(default="poolhouse", description="Another salt is another split")
    min_label_rows: int = Field(
        default=5, ge=2, description="Different texts that a label needs, with it and without it"
    )
    on_missing: OnTrouble = Field(
        default="refuse", description="Rows without a label: refuse, or drop and count them"
    )
    on_rare: OnTrouble = Field(
        default="refuse", description="Labels of too few texts: refuse, or drop and count them"
    )
    on_unknown: OnTrouble = Field(
        default="refuse",
        description="Labels not in `labels`, or only in the test: refuse, or drop and count",
    )
