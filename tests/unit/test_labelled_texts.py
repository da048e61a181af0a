"""Labels that cannot be learned are refused in words, or left out and counted where asked."""

import re
from typing import Any

import pyarrow as pa
import pytest

from labeling import LabelledTexts, SplitSpec, prepare_examples
from labeling.preparing.label_column import read_label_column

GOOD = ["a", "b"] * 10


def prepare(labels: Any, split: list[str | None] | None = None, /, **spec: Any) -> Any:
    texts = [f"text {number}" for number in range(20 if labels is None else len(labels))]
    return prepare_examples(LabelledTexts(texts, labels, split), SplitSpec(**spec))


REFUSED: dict[str, tuple[Any, dict[str, Any], str]] = {
    "a missing column": (None, {}, "no column 'label': name the column that holds the labels."),
    "nothing but nulls": ([None] * 20, {}, "none of 20 rows has a label"),
    "some nulls": (
        [*GOOD, None, " "],
        {},
        "2 of 22 rows have no label, the first is row 20. Label them, or set on_missing to drop.",
    ),
    "one label": (["a"] * 20, {}, "20 rows with the labels ['a'] are left"),
    "a rare label": ([*GOOD, "c"], {}, "'c' (1 rows). Label more rows, or merge labels, or set"),
    "nothing but rare labels": (
        [str(number) for number in range(20)],
        {},
        "and 10 more. Label more rows",
    ),
    "labels in one string": (
        ["a, b", "b, c", "c, a", "a"] * 3,
        {},
        "Many look like several labels in one",
    ),
    "a label that is not listed": ([*GOOD, "c"], {"labels": ("a", "b")}, "'c' (1 rows). Mend"),
    "a listed label without rows": (GOOD, {"labels": ("a", "b", "c")}, "'c' (0 rows)"),
    "no lists for several labels": (
        GOOD,
        {"task": "multi_label"},
        "column 'label' holds string, not a list",
    ),
    "lists for one label": ([["a"], ["b"]] * 10, {"task": "single_label"}, "holds lists"),
    "lists and strings": ([*GOOD, ["a"]], {}, "some rows hold lists and others do not"),
    "numbers with fractions": ([0.5] * 20, {}, "holds double, and labels are strings"),
    "a label that all have": ([["a"], ["a", "b"]] * 10, {}, "or in all but too few"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_learned_is_refused_in_words(case: str) -> None:
    labels, spec, message = REFUSED[case]

    with pytest.raises(ValueError, match=re.escape(message)):
        prepare(labels, **spec)


@pytest.mark.parametrize(
    ("split", "message"),
    [
        (["dev"] * 20, "no row is named 'test'; found 'dev' (20)"),
        (["Test"] * 20, "no row is to train on; found 'Test' (20)"),
        (["test"], "columns of different lengths: {'texts': 20, 'label': 20, 'split': 1}"),
    ],
)
def test_a_split_column_that_splits_nothing_is_refused(split: list[str], message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        prepare(GOOD, split)


def test_a_label_of_the_test_alone_is_refused_or_left_out() -> None:
    labels, split = [*GOOD, "new"], ["test"] * 4 + ["train"] * 16 + ["test"]

    with pytest.raises(ValueError, match="labels only in the test: 'new'"):
        prepare(labels, split)
    prepared = prepare(labels, split, on_unknown="drop")

    assert [(each.reason, each.count) for each in prepared.excluded] == [("unknown_label", 1)]
    assert prepared.examples.schema.labels == ("a", "b")


def test_what_is_dropped_is_counted_with_its_reason() -> None:
    prepared = prepare([*GOOD, None, "c", "c"], on_missing="drop", on_rare="drop")

    assert [(each.reason, each.count) for each in prepared.excluded] == [
        ("missing_label", 1),
        ("rare_label", 2),
    ]
    assert prepared.rows.tolist() == list(range(20))


def test_a_rare_label_of_several_is_dropped_and_its_rows_stay() -> None:
    prepared = prepare([["a"], ["b"], ["a", "b"], []] * 5 + [["a", "c"]], on_rare="drop")

    assert prepared.examples.schema.labels == ("a", "b")
    assert prepared.examples.indicator[20].tolist() == [True, False]
    assert [(each.reason, each.count) for each in prepared.excluded] == [("rare_label", 1)]


def test_rows_of_one_text_with_different_labels_are_left_out_and_counted() -> None:
    texts = [*(f"text {number}" for number in range(20)), "text 0", "text 2"]
    prepared = prepare_examples(LabelledTexts(texts, [*GOOD, "b", "a"]), SplitSpec())

    assert prepared.contradictory == 2
    assert prepared.rows.tolist() == [*range(1, 20), 21]


def test_the_order_of_labels_in_a_list_contradicts_nothing() -> None:
    texts = [*(f"text {number}" for number in range(20)), "text 0"]
    labels = [["a", "b"], ["a"], [], ["b"]] * 5 + [["b", "a", "a"]]

    assert prepare_examples(LabelledTexts(texts, labels), SplitSpec()).contradictory == 0


def test_labels_have_the_order_that_they_are_given_in() -> None:
    prepared = prepare(GOOD, labels=("b", "a"))

    assert prepared.examples.schema.labels == ("b", "a")
    assert prepared.examples.indicator[0].tolist() == [False, True]


@pytest.mark.parametrize(
    ("column", "names"),
    [
        (pa.array(["x", "y", "x"]).dictionary_encode(), ("x", "y")),
        (pa.array(["x", "y"], pa.string_view()), ("x", "y")),
        (pa.chunked_array([pa.array([True]), pa.array([False])]), ("false", "true")),
        (pa.array([3, 1]), ("1", "3")),
        (pa.array([["x", "y"], None], pa.list_(pa.string(), 2)), ("x", "y")),
        (pa.array([["x"], ["z"], ["y"]])[1:], ("y", "z")),
    ],
)
def test_any_type_that_names_labels_is_read(column: Any, names: tuple[str, ...]) -> None:
    assert read_label_column(column, "auto", "label").names == names


def test_a_list_with_a_null_says_nothing_of_its_row_and_an_empty_one_says_none() -> None:
    labels = read_label_column([["a", None], [], ["a"]], "auto", "label")

    assert labels.is_missing.tolist() == [True, False, False]
    assert labels.indicator().tolist() == [[False], [False], [True]]
