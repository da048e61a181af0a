"""What holds of every head and every ensemble in the tables, for tasks of both kinds."""

import json
from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from labeling import (
    ENSEMBLES,
    HEADS,
    TEXT_HEADS,
    Examples,
    Member,
    Task,
    labeler_from_bytes,
    labeler_to_bytes,
    predict,
)
from tests.labelled import TASKS, draw_examples, inputs_of_test, train

EVERY = [*HEADS, *TEXT_HEADS, *ENSEMBLES]
every_head = pytest.mark.parametrize("name", EVERY)
both_tasks = pytest.mark.parametrize("task", TASKS)
TOLERANCE = 1e-7  # of probabilities; sums of float64 in another order


@cache
def trained(name: str, task: Task) -> tuple[Member, Examples, np.ndarray]:
    """Once for all laws; nothing may change what it is given."""
    examples, vectors = draw_examples(task)
    return train(name, examples, vectors), examples, vectors


@cache
def asked(name: str, task: Task) -> np.ndarray:
    return inputs_of_test(name, *trained(name, task)[1:])


def ask(name: str, task: Task, rows: slice) -> np.ndarray:
    """What it says of some of the test rows."""
    inputs = asked(name, task)[rows]
    labeler = trained(name, task)[0].labeler
    return predict(labeler, list(inputs) if name in TEXT_HEADS else inputs).probabilities


@every_head
@both_tasks
def test_probabilities_are_finite_and_between_0_and_1(name: str, task: Task) -> None:
    member, _, _ = trained(name, task)
    for found in (member.held_probabilities, member.test_probabilities):
        assert found.dtype == np.float32
        assert ((found >= 0) & (found <= 1)).all()


@every_head
def test_probabilities_of_one_label_of_several_sum_to_1(name: str) -> None:
    member, _, _ = trained(name, "single_label")
    np.testing.assert_allclose(member.test_probabilities.sum(axis=1), 1, atol=1e-6)


@every_head
@both_tasks
def test_every_training_row_was_asked_of_a_head_that_had_not_seen_it(name: str, task: Task) -> None:
    member, examples, _ = trained(name, task)
    np.testing.assert_array_equal(member.held, examples.train)
    assert member.held_probabilities.shape == (len(examples.train), 3)


@every_head
@both_tasks
def test_what_is_stored_and_read_again_says_the_same_to_the_last_bit(name: str, task: Task) -> None:
    member, _, _ = trained(name, task)
    about, tensors = labeler_to_bytes(member.labeler)
    again = labeler_from_bytes(json.loads(json.dumps(about)), tensors)
    assert labeler_to_bytes(again) == (about, tensors)
    inputs = asked(name, task)
    found = predict(again, list(inputs) if name in TEXT_HEADS else inputs)
    np.testing.assert_array_equal(found.probabilities, member.test_probabilities)


@every_head
@both_tasks
def test_a_row_is_answered_alike_alone_and_among_others(name: str, task: Task) -> None:
    together = ask(name, task, slice(None))
    alone = [ask(name, task, slice(row, row + 1)) for row in range(5)]
    np.testing.assert_allclose(np.concatenate(alone), together[:5], rtol=0, atol=TOLERANCE)


@every_head
@both_tasks
def test_rows_in_another_order_are_answered_in_that_order(name: str, task: Task) -> None:
    backwards = ask(name, task, slice(None, None, -1))
    expected = ask(name, task, slice(None))
    np.testing.assert_allclose(backwards[::-1], expected, rtol=0, atol=TOLERANCE)


@every_head
@both_tasks
def test_no_rows_are_answered_by_none(name: str, task: Task) -> None:
    assert ask(name, task, slice(0)).shape == (0, 3)


@every_head
@both_tasks
def test_the_same_seed_gives_the_same_bytes(name: str, task: Task) -> None:
    member, examples, vectors = trained(name, task)
    again = train(name, examples, vectors)
    assert labeler_to_bytes(again.labeler) == labeler_to_bytes(member.labeler)


@every_head
def test_labels_keep_their_order_where_a_fold_lacks_one(name: str) -> None:
    examples, vectors = draw_examples(n=300)
    bees = examples.indicator[:, 1] & (examples.fold >= 0)
    one_fold = replace(examples, fold=np.where(bees, 0, examples.fold))  # no bee in folds 1 and 2
    found = train(name, one_fold, vectors).test_probabilities
    truth = examples.indicator[examples.test].argmax(axis=1)
    assert found.shape == (len(examples.test), 3)
    for label in (0, 2):  # of bees nothing is known where they are asked about
        assert (found.argmax(axis=1) == truth)[truth == label].mean() > 0.5


@every_head
@both_tasks
def test_what_was_given_is_left_as_it_was(name: str, task: Task) -> None:
    examples, vectors = draw_examples(task)
    before = vectors.copy(), examples.indicator.copy(), examples.fold.copy()
    train(name, examples, vectors)
    np.testing.assert_array_equal(vectors, before[0])
    np.testing.assert_array_equal(examples.indicator, before[1])
    np.testing.assert_array_equal(examples.fold, before[2])


@every_head
@both_tasks
def test_labels_that_are_easy_to_tell_are_told(name: str, task: Task) -> None:
    member, examples, _ = trained(name, task)
    truth = examples.indicator[examples.test]
    share = ((member.test_probabilities > 0.5) == truth).mean()
    assert share > (0.8 if task == "single_label" else 0.7)


@every_head
def test_two_labels_are_enough(name: str) -> None:
    examples, vectors = draw_examples(labels=("no", "yes"))
    member = train(name, examples, vectors)
    right = member.test_probabilities.argmax(axis=1) == examples.indicator[examples.test].argmax(1)
    assert right.mean() > 0.7
