"""Labelled texts as their owner gives them, and as rows that can be left out one by one.

Knows columns of texts, labels and splits. Does not know which file they come from.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from labeling.preparing.label_column import Labels, RowLabels, read_label_column
from labeling.preparing.splits import SplitSpec

TEST_NAME = "test"


@dataclass(frozen=True, slots=True)
class LabelledTexts:
    """Texts with what their owner says of them, row by row.

    Attributes:
        texts: One per row.
        labels: A string, integer or boolean per row, or a list of them; null where there is none.
            None where the column is missing.
        split: "test" for a row that is only tested on; any other name, or none, for one to train
            on. None where there is no such column.
        label_column: Its name, for messages.
        split_column: Its name, for messages.
    """

    texts: Sequence[str]
    labels: Labels | None
    split: Sequence[str | None] | None = None
    label_column: str = "label"
    split_column: str = "split"


@dataclass(frozen=True, slots=True)
class LabelledRows:
    """Rows that are still in use.

    Attributes:
        column: The name of the label column.
        place: Int64 [rows]: where each was given, ascending.
        text: Int64 [rows]: equal where the texts are.
        labels: Theirs.
        is_test: Bool [rows]: as the split column says; None where there is none.
    """

    column: str
    place: np.ndarray
    text: np.ndarray
    labels: RowLabels
    is_test: np.ndarray | None

    def keep(self, kept: np.ndarray) -> "LabelledRows":
        """Those of these rows that a bool array, or ascending places, name."""
        rows = np.flatnonzero(kept) if kept.dtype == bool else kept
        return LabelledRows(
            self.column,
            self.place[rows],
            self.text[rows],
            self.labels.of_rows(rows),
            None if self.is_test is None else self.is_test[rows],
        )

    def with_labels(self, names: Sequence[str]) -> "LabelledRows":
        """With these labels alone: single-label rows of others are gone, multi-label ones stay."""
        rest = replace(self, labels=self.labels.of_labels(names))
        return rest.keep(rest.labels.row) if self.labels.task == "single_label" else rest

    def num_texts(self, of: np.ndarray | None = None) -> np.ndarray:
        """Int64 [labels]: how many different texts each has, of the rows that `of` names."""
        pairs = np.stack([self.text[self.labels.row], self.labels.label])
        if of is not None:
            pairs = pairs[:, of[self.labels.row]]
        return np.bincount(np.unique(pairs, axis=1)[1], minlength=len(self.labels.names))


def read_rows(columns: LabelledTexts, spec: SplitSpec) -> LabelledRows:
    """All rows, none left out yet.

    Raises:
        ValueError: The columns cannot be those of such a task, or their lengths differ.
    """
    labels = read_label_column(columns.labels, spec.task, columns.label_column)
    lengths = {"texts": len(columns.texts), columns.label_column: labels.num_rows}
    if columns.split is not None:
        lengths[columns.split_column] = len(columns.split)
    if len(set(lengths.values())) > 1:
        raise ValueError(f"columns of different lengths: {lengths}. Give one value for each row.")
    number: dict[str, int] = {}
    text = np.array([number.setdefault(text, len(number)) for text in columns.texts], np.int64)
    places = np.arange(len(text))
    return LabelledRows(columns.label_column, places, text, labels, _read_split(columns))


def _read_split(columns: LabelledTexts) -> np.ndarray | None:
    if columns.split is None or all(name is None for name in columns.split):
        return None
    is_test = np.array([is_test_name(name) for name in columns.split])
    if is_test.any() and not is_test.all():
        return is_test
    found = ", ".join(f"{name!r} ({count})" for name, count in Counter(columns.split).most_common())
    missing = "to train on" if is_test.any() else f"named {TEST_NAME!r}"
    raise ValueError(
        f"column {columns.split_column!r}: no row is {missing}; found {found}. Name the rows to "
        f"test on {TEST_NAME!r} and the others otherwise, or leave the split column out."
    )


def is_test_name(name: str | None) -> bool:
    """Whether rows of a split of this name are only tested on."""
    return name is not None and name.strip().lower() == TEST_NAME
