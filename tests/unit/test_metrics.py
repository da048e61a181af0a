"""The figures of an evaluation are those of scikit-learn, and their intervals hold."""

import numpy as np
import pytest
from sklearn import metrics as reference

from labeling import LabelSchema, Predictions, choose_labels, decision_scores, evaluate
from labeling.schema import Task

THREE = ("a", "b", "c")


def predict(probabilities: np.ndarray, task: Task, auto_from: float = 0.6) -> Predictions:
    found = probabilities.astype(np.float32)
    chosen = choose_labels(found, task, (0.3,) * found.shape[1])
    score = decision_scores(found, chosen)
    return Predictions(found, chosen, score, score >= auto_from)


def single_label(n: int, seed: int = 0) -> tuple[np.ndarray, Predictions]:
    rng = np.random.default_rng(seed)
    truth = np.eye(3, dtype=bool)[rng.choice(3, n, p=[0.6, 0.3, 0.1])]
    odds = np.exp(rng.normal(size=(n, 3)) + 1.5 * truth)
    return truth, predict(odds / odds.sum(axis=1, keepdims=True), "single_label")


def multi_label(n: int, seed: int = 0) -> tuple[np.ndarray, Predictions]:
    rng = np.random.default_rng(seed)
    truth = rng.random((n, 3)) < [0.5, 0.2, 0.05]
    logits = rng.normal(size=(n, 3)) + 2 * truth - 1
    return truth, predict(np.round(1 / (1 + np.exp(-logits)), 2), "multi_label")  # some are equal


def test_four_documents_by_hand() -> None:
    truth = np.array([[1, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]], bool)
    said = np.array([[0.8, 0.1, 0.1], [0.2, 0.7, 0.1], [0.1, 0.9, 0.0], [0.5, 0.2, 0.3]])
    found = evaluate(
        LabelSchema(task="single_label", labels=THREE), truth, predict(said, "single_label"), 9
    )

    assert found.confusion == ((1, 1, 0), (0, 1, 0), (1, 0, 0))
    assert [(each.precision, each.recall, each.support) for each in found.per_label] == [
        (0.5, 0.5, 2),
        (0.5, 1.0, 1),
        (0.0, 0.0, 1),
    ]
    assert found.metric("accuracy").value == 0.5
    assert found.metric("f1_macro").value == pytest.approx((0.5 + 2 / 3 + 0) / 3)
    assert found.metric("log_loss").value == pytest.approx(-np.log([0.8, 0.2, 0.9, 0.3]).mean())
    assert (found.num_train, found.num_test) == (9, 4)
    assert (found.auto_share, found.auto_precision) == (0.75, pytest.approx(2 / 3))


def test_single_label_figures_are_those_of_scikit_learn() -> None:
    truth, said = single_label(500)
    found = evaluate(LabelSchema(task="single_label", labels=THREE), truth, said, 0)
    true, given = truth.argmax(axis=1), said.chosen.argmax(axis=1)

    assert {each.name: each.value for each in found.metrics if each.name != "ece"} == pytest.approx(
        {
            "accuracy": reference.accuracy_score(true, given),
            "precision_macro": reference.precision_score(true, given, average="macro"),
            "recall_macro": reference.recall_score(true, given, average="macro"),
            "f1_macro": reference.f1_score(true, given, average="macro"),
            "f1_micro": reference.f1_score(true, given, average="micro"),
            "f1_weighted": reference.f1_score(true, given, average="weighted"),
            "log_loss": reference.log_loss(true, said.probabilities),
        },
        rel=1e-6,
    )


def test_multi_label_figures_are_those_of_scikit_learn() -> None:
    truth, said = multi_label(500)
    found = evaluate(LabelSchema(task="multi_label", labels=THREE), truth, said, 0)
    losses = [reference.log_loss(truth[:, k], said.probabilities[:, k]) for k in range(3)]

    assert found.confusion == ()
    assert {each.name: each.value for each in found.metrics if each.name != "ece"} == pytest.approx(
        {
            "subset_accuracy": reference.accuracy_score(truth, said.chosen),
            "hamming_loss": reference.hamming_loss(truth, said.chosen),
            "precision_macro": reference.precision_score(truth, said.chosen, average="macro"),
            "recall_macro": reference.recall_score(truth, said.chosen, average="macro"),
            "f1_macro": reference.f1_score(truth, said.chosen, average="macro"),
            "f1_micro": reference.f1_score(truth, said.chosen, average="micro"),
            "f1_weighted": reference.f1_score(truth, said.chosen, average="weighted"),
            "log_loss": np.mean(losses),
            "average_precision_macro": reference.average_precision_score(
                truth, said.probabilities, average="macro"
            ),
        },
        rel=1e-6,
    )


def test_the_interval_of_accuracy_is_as_wide_as_a_share_of_so_many_varies() -> None:
    truth, said = single_label(2000)
    accuracy = evaluate(LabelSchema(task="single_label", labels=THREE), truth, said, 0).metric(
        "accuracy"
    )
    half = 1.96 * np.sqrt(accuracy.value * (1 - accuracy.value) / 2000)

    assert accuracy.value - accuracy.low == pytest.approx(half, rel=0.15)
    assert accuracy.high - accuracy.value == pytest.approx(half, rel=0.15)


def test_the_interval_counts_texts_and_not_the_rows_that_repeat_them() -> None:
    schema = LabelSchema(task="single_label", labels=THREE)
    truth, said = single_label(500)
    repeated = np.repeat(np.arange(500), 4)
    once = evaluate(schema, truth, said, 0)
    fourfold = Predictions(
        said.probabilities[repeated],
        said.chosen[repeated],
        said.score[repeated],
        said.is_auto[repeated],
    )
    often = evaluate(schema, truth[repeated], fourfold, 0, texts=repeated)

    for metric in once.metrics:
        other = often.metric(metric.name)
        assert other.value == pytest.approx(metric.value, rel=1e-6)
        assert (other.low, other.high) == pytest.approx((metric.low, metric.high), rel=1e-6)


def test_every_figure_lies_in_its_interval() -> None:
    for truth, said, task in (
        (*single_label(300), "single_label"),
        (*multi_label(300), "multi_label"),
    ):
        found = evaluate(LabelSchema(task=task, labels=THREE), truth, said, 0)

        assert all(each.low <= each.value <= each.high for each in found.metrics)


def test_macro_figures_leave_out_labels_that_no_document_has() -> None:
    truth = np.array([[1, 0, 0], [0, 1, 0]] * 5, bool)
    said = predict(np.array([[0.9, 0.1, 0.0], [0.1, 0.8, 0.1]] * 5), "single_label")
    found = evaluate(LabelSchema(task="single_label", labels=THREE), truth, said, 0)

    assert found.metric("f1_macro").value == 1.0
    assert found.per_label[2].support == 0


def test_nothing_auto_has_no_precision() -> None:
    truth, said = single_label(50)
    none = Predictions(said.probabilities, said.chosen, said.score, np.zeros(50, bool))
    found = evaluate(LabelSchema(task="single_label", labels=THREE), truth, none, 0)

    assert (found.auto_share, found.auto_precision) == (0.0, None)
