"""Linear heads: against scikit-learn, scored in SQL, and where rows lack a label."""

import json
from dataclasses import replace

import numpy as np
import pytest
from scipy.special import expit, softmax
from sklearn import linear_model, svm

from labeling import (
    HEADS,
    HeadSpec,
    LabelSchema,
    Task,
    labeler_from_bytes,
    labeler_to_bytes,
    predict,
)
from labeling.heads.head_kind import HeadKind, TrainingRows
from labeling.heads.linear import fit_standardized
from labeling.heads.standardizing import standardize
from tests.labelled import TASKS, draw_examples, train

TOLERANCE = 1e-6  # of probabilities
both_tasks = pytest.mark.parametrize("task", TASKS)


def draw_rows(task: Task = "single_label", **changes: object) -> TrainingRows:
    """Vectors that no encoder has scaled, for one head over all of them."""
    examples, vectors = draw_examples(task, n=300)
    rows = TrainingRows(examples.schema, 5 + 3 * vectors, examples.indicator)
    return replace(rows, **changes)


def stored(kind: HeadKind, rows: TrainingRows, name: str) -> np.ndarray:
    """Logits of the rows by a head that went through bytes."""
    member = train(name, *draw_examples(rows.schema.task))
    labeler = replace(member.labeler, head=kind.fit(rows, None))
    about, tensors = labeler_to_bytes(labeler)
    return labeler_from_bytes(json.loads(json.dumps(about)), tensors).head.logits(rows.inputs)


@pytest.mark.parametrize("weight", ["none", "balanced"])
def test_a_stored_head_gives_the_probabilities_of_scikit_learn(weight: str) -> None:
    rows = draw_rows(class_weight=weight)
    kind = HeadSpec(parameters={"c": [0.1]}).kind
    features, _ = standardize(rows.inputs)
    sklearn_weight = None if weight == "none" else weight
    model = linear_model.LogisticRegression(C=0.1, max_iter=1_000, class_weight=sklearn_weight)
    model.fit(features, rows.indicator.argmax(axis=1))
    found = softmax(stored(kind, rows, "logistic_regression"), axis=1)
    np.testing.assert_allclose(found, model.predict_proba(features), rtol=0, atol=TOLERANCE)


def test_a_stored_head_of_a_multi_label_task_gives_those_of_one_model_for_each_label() -> None:
    rows = draw_rows("multi_label")
    kind = HeadSpec(parameters={"c": [0.1]}).kind
    features, _ = standardize(rows.inputs)
    models = [
        linear_model.LogisticRegression(C=0.1, max_iter=1_000).fit(features, has)
        for has in rows.indicator.T
    ]
    expected = np.stack([model.predict_proba(features)[:, 1] for model in models], axis=1)
    found = expit(stored(kind, rows, "logistic_regression"))
    np.testing.assert_allclose(found, expected, rtol=0, atol=TOLERANCE)


def test_a_penalty_weighs_the_same_against_a_row_whatever_is_left_out() -> None:
    """Half of rows that all stand twice gives the head of all: its logits are as large."""
    rows, kind = draw_rows(), HeadSpec(parameters={"c": [0.01]}).kind
    twice = rows.take(np.tile(np.arange(len(rows.indicator)), 2))
    twice = replace(twice, share=1.0)
    half = twice.take(np.arange(len(rows.indicator)))
    expected = kind.fit(twice, None).logits(rows.inputs)
    np.testing.assert_allclose(kind.fit(half, None).logits(rows.inputs), expected, atol=1e-3)
    assert np.abs(expected).max() > 1.1 * np.abs(kind.fit(rows, None).logits(rows.inputs)).max()


def test_a_stored_support_vector_machine_gives_the_margins_of_scikit_learn() -> None:
    rows = draw_rows()
    kind = HeadSpec(head="linear_svm", parameters={"c": [0.01]}).kind
    features, _ = standardize(rows.inputs)
    model = svm.LinearSVC(C=0.01, max_iter=2_000, dual=True, random_state=0)
    model.fit(features, rows.indicator.argmax(axis=1))
    found = stored(kind, rows, "linear_svm")
    np.testing.assert_allclose(found, model.decision_function(features), rtol=0, atol=1e-5)


@pytest.mark.parametrize("name", ["logistic_regression", "linear_svm", "mlp"])
@both_tasks
def test_balanced_weights_find_more_of_a_rare_label(name: str, task: Task) -> None:
    schema = LabelSchema(task=task, labels=("often", "rare"))
    rare = np.arange(1_000) % 20 == 0
    vectors = np.random.default_rng(0).normal(size=(1_000, 2)).astype(np.float32)
    vectors[rare, 0] += 1.5  # near enough to be taken for the others
    rows = TrainingRows(schema, vectors, np.stack([~rare, rare], axis=1))
    kind = HEADS[name]().choices(rows)[-1]
    plain, balanced = (
        kind.fit(each, None).logits(vectors)
        for each in (rows, replace(rows, class_weight="balanced"))
    )
    found = [(logits[rare, 1] > logits[rare, 0]).mean() for logits in (plain, balanced)]
    assert found[0] < 0.3
    assert found[1] > 0.6


@pytest.mark.parametrize("name", ["logistic_regression", "linear_svm"])
@both_tasks
def test_a_label_that_no_row_has_is_improbable_and_the_others_are_as_without_it(
    name: str, task: Task
) -> None:
    rows = draw_rows(task)
    wider = replace(
        rows,
        schema=LabelSchema(task=task, labels=("ant", "absent", "bee", "cow")),
        indicator=np.insert(rows.indicator, 1, False, axis=1),
    )
    kind = HEADS[name]().choices(rows)[0]
    expected, found = (kind.fit(each, None).logits(rows.inputs) for each in (rows, wider))
    np.testing.assert_array_equal(np.delete(found, 1, axis=1), expected)
    assert (found[:, 1] < -6).all()


def test_a_dimension_that_never_varies_gets_no_weight() -> None:
    rows = draw_rows()
    vectors = np.array(rows.inputs)
    vectors[:, 3] = 7.5
    vectors[:, 4] *= 1e-33  # as dead units of an encoder
    head = fit_standardized(linear_model.LogisticRegression, replace(rows, inputs=vectors), None)
    assert np.abs(head.weights[:, [3, 4]]).max() < 1e-6
    assert np.abs(head.weights[:, :3]).max() > 0.1


def test_vectors_of_another_length_are_refused() -> None:
    labeler = train("logistic_regression", *draw_examples()).labeler
    with pytest.raises(ValueError, match=r"'logistic_regression': expected vectors of 6 numbers"):
        predict(labeler, np.zeros((2, 8), np.float32))
    with pytest.raises(ValueError, match="expected vectors of 6 numbers; found texts"):
        predict(labeler, ["a text"])
