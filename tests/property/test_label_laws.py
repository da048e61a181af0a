"""Laws of preparing labelled texts: whatever is given, every row is accounted for, or refused."""

from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from labeling import LabelledTexts, Prepared, SplitSpec, prepare_examples

NAMES = st.sampled_from(["a", "b", "it's", 'say "c"'])
LABELS = st.one_of(NAMES, NAMES, NAMES, st.sampled_from([None, "", " "]))
SETS = st.lists(NAMES, max_size=3)
SPLITS = st.sampled_from(["test", "train", " Test", "dev", None])
DROP = SplitSpec(on_missing="drop", on_rare="drop", on_unknown="drop", min_label_rows=4)


@st.composite
def tables(draw: st.DrawFn, labels: st.SearchStrategy[Any]) -> list[tuple[str, Any, Any]]:
    """Few texts, so that many stand twice; now and then with other labels than before."""
    said = draw(st.lists(labels, min_size=60, max_size=60))
    texts = draw(st.lists(st.integers(0, 59), min_size=100, max_size=150))
    others = draw(st.lists(st.tuples(st.integers(0, 59), labels), max_size=5))
    rows = [*((text, said[text]) for text in texts), *others]
    return [(str(text), label, draw(SPLITS)) for text, label in rows]


def prepare(rows: list[tuple[str, Any, Any]], *, with_split: bool) -> Prepared | None:
    """None where it is refused, which takes a ValueError and no other."""
    texts, labels, split = zip(*rows, strict=True)
    columns = LabelledTexts(list(texts), list(labels), list(split) if with_split else None)
    try:
        return prepare_examples(columns, DROP)
    except ValueError:
        return None


@settings(max_examples=60, deadline=None)
@given(tables(LABELS), st.booleans())
def test_every_row_is_an_example_or_left_out_with_a_reason(
    rows: list[tuple[str, Any, Any]], with_split: bool
) -> None:
    prepared = prepare(rows, with_split=with_split)

    if prepared:
        assert len(prepared.rows) + sum(each.count for each in prepared.excluded) == len(rows)
        assert (prepared.examples.indicator.sum(axis=1) == 1).all()


@settings(max_examples=60, deadline=None)
@given(tables(SETS), st.booleans())
def test_one_text_has_one_set_of_labels_on_one_side(
    rows: list[tuple[str, Any, Any]], with_split: bool
) -> None:
    prepared = prepare(rows, with_split=with_split)

    if prepared:
        examples, seen = prepared.examples, {}
        for text, fold, labels in zip(
            examples.texts, examples.fold, examples.indicator, strict=True
        ):
            assert seen.setdefault(text, (fold, labels.tolist())) == (fold, labels.tolist())
        assert np.array_equal(prepared.rows, np.unique(prepared.rows))
        assert set(np.unique(examples.fold)) <= {-1, 0, 1, 2}
        assert len(examples.train)
        assert len(examples.test)
