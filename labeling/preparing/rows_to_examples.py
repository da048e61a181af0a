"""From labelled texts as they are found to examples, with everything that was left out counted.

Joins the reading of columns, the rules for what cannot be used, and the split.
"""

from collections import Counter
from dataclasses import dataclass

import numpy as np

from labeling.examples import Examples
from labeling.preparing.exclusions import Exclusion, exclude
from labeling.preparing.labelled_rows import LabelledRows, LabelledTexts, is_test_name, read_rows
from labeling.preparing.splits import SplitSpec, assign_folds
from labeling.schema import LabelSchema


@dataclass(frozen=True, slots=True)
class Prepared:
    """Examples, and how they came about.

    Attributes:
        examples: What to train and test on.
        rows: Ascending places of the given rows that became examples, one per example.
        excluded: What was left out, with reasons.
        contradictory: Rows whose text also has other labels; all of them are left out.
        duplicates: Examples whose text stands in an earlier one too.
        notes: Sentences on the split that a reader should know.
    """

    examples: Examples
    rows: np.ndarray
    excluded: tuple[Exclusion, ...]
    contradictory: int
    duplicates: int
    notes: tuple[str, ...]


def prepare_examples(columns: LabelledTexts, spec: SplitSpec) -> Prepared:
    """Examples of the rows that can be used, split.

    Raises:
        ValueError: The labels cannot be learned as they are, or the spec refuses some of them.
    """
    rows, excluded = exclude(read_rows(columns, spec), spec)
    texts = [columns.texts[place] for place in rows.place]
    has_label = rows.labels.indicator()
    _, first, text = np.unique(rows.text, return_index=True, return_inverse=True)
    is_test = None if rows.is_test is None else rows.is_test[first]
    fold = assign_folds([texts[row] for row in first], _strata(has_label[first]), is_test, spec)
    schema = LabelSchema(task=rows.labels.task, labels=rows.labels.names)
    examples = Examples(schema, texts, has_label, fold[text])
    return Prepared(
        examples=examples,
        rows=rows.place,
        excluded=excluded,
        contradictory=sum(each.count for each in excluded if each.reason == "contradictory"),
        duplicates=len(text) - len(first),
        notes=(*_note_split(columns, rows, spec), *_note_untested(examples)),
    )


def _strata(has_label: np.ndarray) -> np.ndarray:
    """Of each text its rarest label, or a number of their own for those without any."""
    counts = np.append(has_label.sum(axis=0), len(has_label) + 1)
    with_none = np.column_stack([has_label, np.ones(len(has_label), bool)])
    rarest: np.ndarray = np.where(with_none, counts, len(has_label) + 2).argmin(axis=1)
    return rarest


def _note_split(columns: LabelledTexts, rows: LabelledRows, spec: SplitSpec) -> list[str]:
    if columns.split is None or rows.is_test is None:
        return [f"The texts to test on, {spec.test_share:.0%} of each label, are chosen by hash."]
    names = Counter(columns.split[place] for place in rows.place)
    others = [
        (name, count) for name, count in names.items() if name != "train" and not is_test_name(name)
    ]
    return [
        f"Column {columns.split_column!r} says what is tested on.",
        *(
            f"{count} rows of the split {name!r} are trained on: out-of-fold predictions are "
            "what is validated on."
            for name, count in others
        ),
    ]


def _note_untested(examples: Examples) -> list[str]:
    support = examples.indicator[examples.test].sum(axis=0)
    names = [examples.schema.labels[number] for number in np.flatnonzero(support == 0)]
    return [f"No test row has the labels {names}: nothing measures them."] if names else []
