"""Read a column of labels, whatever its type: which row has which label, as numbers.

Knows Arrow columns. Does not know what becomes of rows without a label, or of rare ones.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as pt

from labeling.schema import Task

# An Arrow array, or strings, lists of strings and None in a sequence; pyarrow has no types.
Labels = Any
_NAMES = (pt.is_string, pt.is_large_string, pt.is_string_view, pt.is_integer, pt.is_boolean)
_LISTS = (
    pt.is_list,
    pt.is_large_list,
    pt.is_fixed_size_list,
    pt.is_list_view,
    pt.is_large_list_view,
)


@dataclass(frozen=True, slots=True)
class RowLabels:
    """Which of some rows have which labels, as pairs; no pair stands twice.

    Attributes:
        task: Whether a row has one label or any number of them.
        names: The labels.
        num_rows: How many rows there are.
        row: Int64 [pairs].
        label: Int64 [pairs]: a place in `names`.
        is_missing: Bool [rows]: nothing is said of the row. An empty list says "none of these".
    """

    task: Task
    names: tuple[str, ...]
    num_rows: int
    row: np.ndarray
    label: np.ndarray
    is_missing: np.ndarray

    def of_rows(self, rows: np.ndarray) -> "RowLabels":
        """The same of these rows, ascending, which get new numbers from 0."""
        place = np.full(self.num_rows, -1)
        place[rows] = np.arange(len(rows))
        kept = place[self.row] >= 0
        return replace(
            self,
            num_rows=len(rows),
            row=place[self.row[kept]],
            label=self.label[kept],
            is_missing=self.is_missing[rows],
        )

    def of_labels(self, names: Sequence[str]) -> "RowLabels":
        """The same with these labels in this order; pairs of any other are gone."""
        place = {name: number for number, name in enumerate(names)}
        numbers = np.array([place.get(name, -1) for name in self.names], np.int64)
        kept = numbers[self.label] >= 0
        return replace(
            self, names=tuple(names), row=self.row[kept], label=numbers[self.label[kept]]
        )

    def rows_with(self, names: Sequence[str]) -> np.ndarray:
        """The rows that have one of these labels, ascending."""
        numbers = [number for number, name in enumerate(self.names) if name in set(names)]
        return np.unique(self.row[np.isin(self.label, numbers)])

    def indicator(self) -> np.ndarray:
        """Bool [rows, labels]."""
        has_label = np.zeros((self.num_rows, len(self.names)), bool)
        has_label[self.row, self.label] = True
        return has_label


def read_label_column(
    labels: Labels | None, task: Literal["auto"] | Task, column: str
) -> RowLabels:
    """The labels of each row; names are sorted. Integers and booleans are labels by their names.

    Raises:
        ValueError: The column is missing, or it cannot hold the labels of such a task.
    """
    if labels is None:
        raise ValueError(f"no column {column!r}: name the column that holds the labels.")
    values = _decode(labels, column)
    is_list = any(test(values.type) for test in _LISTS)
    _refuse_other_task(values.type, task, is_list=is_list, column=column)
    rows, names = _flatten(values) if is_list else (np.arange(len(values)), values)
    texts = _as_names(names, column)
    is_blank = np.asarray(pc.fill_null(pc.equal(pc.utf8_trim_whitespace(texts), ""), True))
    is_missing = np.asarray(pc.is_null(values)).copy()
    is_missing[rows[is_blank]] = True
    kept = ~is_missing[rows]
    return _number(
        np.asarray(texts)[kept],
        rows[kept],
        is_missing,
        "multi_label" if is_list else "single_label",
    )


def _decode(labels: Labels, column: str) -> pa.Array:
    if not isinstance(labels, pa.Array | pa.ChunkedArray):
        try:
            labels = pa.array(labels)
        except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
            raise ValueError(
                f"column {column!r}: some rows hold lists and others do not, or some numbers and "
                f"others text ({error}). Make them all alike."
            ) from error
    values = labels
    if isinstance(labels, pa.ChunkedArray):
        values = pa.concat_arrays(labels.chunks or [pa.array([], labels.type)])
    if values.null_count == len(values):
        raise ValueError(f"column {column!r}: none of {len(values)} rows has a label.")
    return values.dictionary_decode() if pt.is_dictionary(values.type) else values


def _refuse_other_task(
    found: pa.DataType, task: Literal["auto"] | Task, *, is_list: bool, column: str
) -> None:
    if task == "multi_label" and not is_list:
        raise ValueError(
            f"column {column!r} holds {found}, not a list, and a multi-label task needs a list of "
            "labels for each row: in DuckDB, string_split(column, ',') makes one. "
            "Or set task to single_label."
        )
    if task == "single_label" and is_list:
        raise ValueError(
            f"column {column!r} holds lists ({found}), and a single-label task needs one label "
            "for each row. Set task to multi_label, or choose one label of each list."
        )


def _flatten(lists: pa.Array) -> tuple[np.ndarray, pa.Array]:
    lengths = np.asarray(pc.fill_null(pc.list_value_length(lists), 0))
    return np.repeat(np.arange(len(lists)), lengths), pc.list_flatten(lists)


def _as_names(values: pa.Array, column: str) -> pa.Array:
    if pt.is_dictionary(values.type):
        values = values.dictionary_decode()
    if not (any(test(values.type) for test in _NAMES) or pt.is_null(values.type)):
        raise ValueError(
            f"column {column!r} holds {values.type}, and labels are strings, integers or booleans, "
            "or lists of them. Cast it to the labels that you mean."
        )
    return values.cast(pa.large_string())


def _number(texts: np.ndarray, rows: np.ndarray, is_missing: np.ndarray, task: Task) -> RowLabels:
    names, codes = np.unique(texts.astype(object), return_inverse=True)
    pairs = np.unique(rows.astype(np.int64) * max(len(names), 1) + codes)
    row, label = np.divmod(pairs, max(len(names), 1))
    return RowLabels(task, tuple(names.tolist()), len(is_missing), row, label, is_missing)
