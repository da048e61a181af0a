"""Ensembles whose weights and answers can be worked out by hand."""

import numpy as np
import pytest
from scipy.special import expit, softmax

from labeling import Examples, LabelSchema, predict
from labeling.heads.ensembles import Greedy, Simplex, SoftVote, Stack
from labeling.heads.head_kind import HeadKind, TrainingRows
from labeling.training.cross_fitting import folds_of
from tests.labelled import draw_examples, simple_members, train

TWO = LabelSchema(task="single_label", labels=("no", "yes"))
MANY = LabelSchema(task="multi_label", labels=("red", "round"))


def rows_of(yes: list[list[float]], truth: list[int]) -> TrainingRows:
    """Of each document, how probable each member finds "yes", and whether it is."""
    votes = np.array(yes, np.float32)
    return TrainingRows(
        TWO, np.stack([1 - votes, votes], axis=2), np.eye(2, dtype=bool)[np.array(truth)]
    )


def weights_of(kind: HeadKind, rows: TrainingRows) -> list[float]:
    found: list[float] = kind.fit(rows, None).tensors()["member_weights"].round(3).tolist()
    return found


def test_a_soft_vote_is_the_mean_of_the_probabilities() -> None:
    rows = rows_of([[0.9, 0.5], [0.2, 0.4]], [1, 0])
    logits = SoftVote().fit(rows, None).logits(rows.inputs)
    np.testing.assert_allclose(softmax(logits, axis=1)[:, 1], [0.7, 0.3], atol=1e-6)


def test_a_soft_vote_on_several_labels_is_the_mean_of_each() -> None:
    votes = np.array([[[0.9, 0.2], [0.5, 0.6]]], np.float32)
    rows = TrainingRows(MANY, votes, np.array([[True, False]]))
    logits = SoftVote().fit(rows, None).logits(votes)
    np.testing.assert_allclose(expit(logits), [[0.7, 0.4]], atol=1e-6)


def test_the_simplex_finds_the_weights_of_the_least_log_loss() -> None:
    # The first member is right in 3 of 4 cases and the second in the other: it says so honestly.
    # log(.9 w + .1 (1 - w)) * 3 + log(.1 w + .9 (1 - w)) is largest where w = 0.8125.
    rows = rows_of([[0.9, 0.1], [0.9, 0.1], [0.9, 0.1], [0.1, 0.9]], [1, 1, 1, 1])
    assert weights_of(Simplex(), rows) == [0.812, 0.188]


def test_the_simplex_leaves_out_a_member_that_is_never_better() -> None:
    rows = rows_of([[0.9, 0.6], [0.2, 0.4]], [1, 0])
    assert weights_of(Simplex(), rows) == [1.0, 0.0]


def test_greedy_takes_the_best_member_and_adds_what_helps() -> None:
    # Log loss of the first alone: 0.65. Both once: 0.69. The first twice, the second once: 0.59.
    rows = rows_of([[0.9, 0.1], [0.9, 0.1], [0.9, 0.1], [0.1, 0.9]], [1, 1, 1, 1])
    assert weights_of(Greedy(rounds=1), rows) == [1.0, 0.0]
    assert weights_of(Greedy(rounds=2), rows) == [1.0, 0.0]  # half and half would be worse
    assert weights_of(Greedy(rounds=3), rows) == [0.667, 0.333]
    assert weights_of(Greedy(rounds=16), rows) == [0.812, 0.188]  # 13 of 16


def test_the_stack_believes_each_member_where_it_knows_better() -> None:
    rng = np.random.default_rng(0)
    schema = LabelSchema(task="single_label", labels=("ant", "bee", "cow"))
    truth = rng.integers(3, size=600)
    votes = np.full((600, 2, 3), 1 / 3)
    votes[truth == 0, 0] = [0.98, 0.01, 0.01]  # the first knows ants, the second cows
    votes[truth == 2, 1] = [0.01, 0.01, 0.98]
    rows = TrainingRows(schema, votes.astype(np.float32), np.eye(3, dtype=bool)[truth])
    stacked, voted = (kind.fit(rows, None).logits(rows.inputs) for kind in (Stack(), SoftVote()))
    assert (stacked.argmax(axis=1) == truth).all()  # two that know nothing of it: a bee
    assert not (voted.argmax(axis=1) == truth).all()


def test_certainty_of_0_and_1_does_no_harm() -> None:
    rows = rows_of([[1.0, 0.0], [0.0, 1.0], [1.0, 0.5], [0.0, 0.5]], [1, 1, 1, 0])
    for kind in (SoftVote(), Simplex(), Stack(), Greedy()):
        assert np.isfinite(kind.fit(rows, None).logits(rows.inputs)).all()


def test_an_ensemble_reads_its_members_in_the_order_of_its_source() -> None:
    examples, vectors = draw_examples()
    member = train("simplex", examples, vectors)
    assert member.labeler.spec.source.labelers == ("all", "first", "last")
    votes = [each.test_probabilities for each in simple_members(examples, vectors).values()]
    found = predict(member.labeler, np.stack(votes, axis=1))
    np.testing.assert_array_equal(found.probabilities, member.test_probabilities)


def test_probabilities_of_too_few_members_are_refused() -> None:
    labeler = train("soft_vote", *draw_examples()).labeler
    with pytest.raises(ValueError, match="of 3 members for 3 labels; found \\(5, 2, 3\\)"):
        predict(labeler, np.zeros((5, 2, 3), np.float32))


def test_rows_of_one_fold_are_divided_by_their_texts() -> None:
    texts = [f"text {i % 20}" for i in range(60)]  # each of them three times
    indicator = np.eye(2, dtype=bool)[np.arange(60) % 2]
    examples = Examples(TWO, texts, indicator, np.zeros(60, np.int64))
    found = folds_of(examples, np.arange(60))
    assert set(found) == {0, 1, 2}
    assert (found.reshape(3, 20) == found[:20]).all()
