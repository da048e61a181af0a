"""The split is by text: who is tested on depends on nothing but the texts and their labels."""

import numpy as np
import pytest

from labeling import LabelledTexts, SplitSpec, prepare_examples

TEXTS = [f"text {number}" for number in range(200)]
LABELS = ["common", "common", "common", "scarce"] * 50


def folds(texts: list[str], labels: object, spec: SplitSpec | None = None) -> dict[str, int]:
    examples = prepare_examples(LabelledTexts(texts, labels), spec or SplitSpec()).examples
    return dict(zip(examples.texts, examples.fold.tolist(), strict=True))


def test_each_label_gives_its_share_to_the_test_and_to_every_fold() -> None:
    examples = prepare_examples(LabelledTexts(TEXTS, LABELS), SplitSpec()).examples

    assert examples.schema.labels == ("common", "scarce")
    assert examples.indicator[examples.test].sum(axis=0).tolist() == [30, 10]
    for fold in range(3):
        assert examples.indicator[examples.fold == fold].sum(axis=0).tolist() in (
            [40, 14],
            [40, 13],
        )


def test_the_order_of_rows_is_nothing_to_the_split() -> None:
    assert folds(TEXTS[::-1], LABELS[::-1]) == folds(TEXTS, LABELS)


def test_a_text_that_stands_twice_is_on_one_side_and_in_one_fold() -> None:
    prepared = prepare_examples(LabelledTexts(TEXTS * 2, LABELS * 2), SplitSpec())

    assert prepared.duplicates == 200
    assert prepared.examples.fold[:200].tolist() == prepared.examples.fold[200:].tolist()


def test_a_few_more_rows_leave_most_texts_where_they_were() -> None:
    before = folds(TEXTS, LABELS)
    after = folds([*TEXTS, "a new one", "another"], [*LABELS, "common", "scarce"])

    assert sum(before[text] != after[text] for text in TEXTS) <= 8


def test_another_salt_is_another_split() -> None:
    assert folds(TEXTS, LABELS, SplitSpec(salt="other")) != folds(TEXTS, LABELS)


def test_a_label_of_five_texts_is_in_the_test_and_in_every_fold() -> None:
    labels = ["scarce"] * 5 + ["common"] * 195
    examples = prepare_examples(LabelledTexts(TEXTS, labels), SplitSpec()).examples
    scarce = examples.fold[examples.indicator[:, 1]]

    assert sorted(set(scarce.tolist())) == [-1, 0, 1, 2]


def test_a_multi_label_split_shares_out_the_rarest_labels_first() -> None:
    labels = [["common", "scarce"] if number % 10 == 0 else ["common"] for number in range(190)]
    examples = prepare_examples(LabelledTexts(TEXTS, [*labels, *[[]] * 10]), SplitSpec()).examples

    assert examples.schema.task == "multi_label"
    assert examples.indicator[examples.test].sum(axis=0).tolist() == [38, 4]
    assert (~examples.indicator[examples.test].any(axis=1)).sum() == 2


def test_the_split_column_wins_and_its_other_names_are_trained_on() -> None:
    split = ["test" if number < 20 else "dev" if number < 40 else None for number in range(200)]
    prepared = prepare_examples(LabelledTexts(TEXTS, LABELS, split), SplitSpec())

    assert prepared.examples.test.tolist() == list(range(20))
    assert any("20 rows of the split 'dev' are trained on" in note for note in prepared.notes)


def test_a_text_of_the_test_is_not_trained_on() -> None:
    split = ["test"] * 20 + ["train"] * 180 + ["train"]
    prepared = prepare_examples(
        LabelledTexts([*TEXTS, "text 0"], [*LABELS, "common"], split), SplitSpec()
    )

    assert [(each.reason, each.count) for each in prepared.excluded] == [("also_in_test", 1)]
    assert prepared.rows.tolist() == list(range(200))


def test_a_label_that_the_test_lacks_is_named() -> None:
    split = ["test" if label == "common" else "train" for label in LABELS]
    split[4] = split[5] = split[6] = "train"
    prepared = prepare_examples(LabelledTexts(TEXTS, LABELS, split), SplitSpec())

    assert any("['scarce']: nothing measures them" in note for note in prepared.notes)


@pytest.mark.parametrize("share", [0.05, 0.5, 0.9])
def test_no_label_is_without_rows_to_train_and_to_test_on(share: float) -> None:
    labels = np.repeat([f"label {number}" for number in range(40)], 5)
    found = prepare_examples(LabelledTexts(TEXTS, labels.tolist()), SplitSpec(test_share=share))
    tested = found.examples.indicator[found.examples.test].sum(axis=0)

    assert tested.min() >= 1
    assert tested.max() <= 3
