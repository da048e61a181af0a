"""Prototypes: with a few labelled texts, with descriptions, with both."""

import numpy as np
import pytest

import labeling.heads.prototype
from labeling import (
    Examples,
    HeadSpec,
    LabelSchema,
    Member,
    MemberOptions,
    Task,
    predict,
    train_head,
)
from tests.labelled import SPACE, draw_examples

EAST_AND_NORTH = np.eye(2, dtype=np.float32)


def train_prototypes(
    examples: Examples,
    vectors: np.ndarray,
    prototypes: np.ndarray | None = None,
    head: str = "prototype",
) -> Member:
    return train_head(
        examples,
        vectors,
        source=SPACE,
        spec=HeadSpec(head=head),
        options=MemberOptions(title="directions"),
        prototypes=prototypes,
    )


def unlabelled(task: Task = "single_label") -> Examples:
    schema = LabelSchema(task=task, labels=("east", "north"))
    indicator = np.array([[True, False], [False, True]])
    return Examples(schema, ["a", "b"], indicator, np.array([-1, -1]))


def test_without_a_labelled_text_the_nearest_description_wins_and_all_goes_to_review() -> None:
    vectors = np.array([[3, 1], [0, 0.1]], np.float32)  # east by north, and north
    member = train_prototypes(unlabelled(), vectors, EAST_AND_NORTH)
    found = predict(member.labeler, vectors)
    np.testing.assert_array_equal(found.chosen, np.eye(2, dtype=bool))
    assert not found.is_auto.any()
    assert member.labeler.spec.decision.min_score is None


def test_a_prototype_is_the_mean_direction_of_a_labels_texts() -> None:
    schema = LabelSchema(task="single_label", labels=("east", "north"))
    vectors = np.array([[2, 0], [0, 5], [0, 9], [4, 0]], np.float32)
    indicator = np.array([[1, 0], [1, 0], [0, 1], [0, 1]], bool)
    fold = np.array([0, 1, 0, 1])
    member = train_prototypes(Examples(schema, list("abcd"), indicator, fold), vectors)
    diagonal = [0.5**0.5, 0.5**0.5]  # of east and north, whatever their lengths
    found = member.labeler.head.tensors()["prototypes"]
    np.testing.assert_allclose(found, [diagonal, diagonal], atol=1e-7)


def test_a_description_counts_as_much_as_four_texts() -> None:
    schema = LabelSchema(task="single_label", labels=("east", "north"))
    vectors = np.array([[0, 1]] * 3 + [[0, 2]], np.float32)
    indicator = np.array([[1, 0]] * 3 + [[0, 1]], bool)
    examples = Examples(schema, list("abcd"), indicator, np.array([0, 1, 0, 1]))
    member = train_prototypes(examples, vectors, EAST_AND_NORTH)
    found = member.labeler.head.tensors()["prototypes"]
    np.testing.assert_allclose(found, [[0.8, 0.6], [0, 1]], atol=1e-7)  # 4 east, 3 north: 4-3-5


def test_a_label_without_a_labelled_text_is_known_by_its_description() -> None:
    examples, vectors = draw_examples()
    cows = examples.indicator[:, 2] & (examples.fold >= 0)
    only_tested = np.where(cows, -1, examples.fold)
    few = Examples(examples.schema, examples.texts, examples.indicator, only_tested)
    member = train_prototypes(few, vectors, np.eye(3, 6, dtype=np.float32))
    found = member.test_probabilities.argmax(axis=1)[examples.indicator[few.test, 2]]
    assert (found == 2).mean() > 0.7


def test_a_vector_without_a_direction_is_as_near_to_all() -> None:
    member = train_prototypes(unlabelled(), EAST_AND_NORTH, EAST_AND_NORTH)
    found = predict(member.labeler, np.zeros((1, 2), np.float32))
    assert found.probabilities.tolist() == [[0.5, 0.5]]


def test_descriptions_are_refused_by_heads_that_read_none() -> None:
    with pytest.raises(ValueError, match="'mlp' reads no descriptions of labels"):
        train_prototypes(unlabelled(), EAST_AND_NORTH, EAST_AND_NORTH, "mlp")


def test_a_description_is_needed_of_every_label() -> None:
    with pytest.raises(ValueError, match="a description of each of 2 labels; found 1"):
        train_prototypes(unlabelled(), EAST_AND_NORTH, EAST_AND_NORTH[:1])


def test_several_labels_without_a_labelled_text_are_refused() -> None:
    with pytest.raises(ValueError, match="a multi-label task without a labelled text"):
        train_prototypes(unlabelled("multi_label"), EAST_AND_NORTH, EAST_AND_NORTH)


def test_without_descriptions_a_label_without_a_text_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match=r"no training row has the labels \['east', 'north'\]"):
        train_prototypes(unlabelled(), EAST_AND_NORTH)


def test_vectors_are_summed_slice_by_slice(monkeypatch: pytest.MonkeyPatch) -> None:
    examples, vectors = draw_examples(n=40)
    whole = train_prototypes(examples, vectors)

    monkeypatch.setattr(labeling.heads.prototype, "_SLICE_ROWS", 7)

    sliced = train_prototypes(examples, vectors)
    assert np.allclose(whole.labeler.head.prototypes, sliced.labeler.head.prototypes, atol=1e-7)
