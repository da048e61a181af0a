"""The figures of a labeler on test documents, with bootstrap intervals.

Knows true and predicted labels and probabilities. Does not know what predicted them.
"""

from collections.abc import Callable

import numpy as np

from labeling.judging.calibration import calibration_bins, ece_limit, expected_calibration_error
from labeling.judging.evaluation import Evaluation, LabelMetrics, Metric
from labeling.judging.label_counts import Floats, LabelCounts, count_labels
from labeling.labeler import Predictions
from labeling.schema import LabelSchema, Task

_INTERVAL = (0.025, 0.975)

Figure = Callable[[LabelCounts], Floats]


def evaluate(
    schema: LabelSchema,
    truth: np.ndarray,
    predictions: Predictions,
    num_train: int,
    *,
    texts: np.ndarray | None = None,
) -> Evaluation:
    """All figures of the task, in the order of METRICS, and `ece`; `truth` is bool [n, labels].

    Intervals hold 95 % of 1,000 resamples of the texts (Efron and Tibshirani 1993, ch. 13), by the
    numbers in `texts`: documents of one text are drawn together. None: all texts differ.
    The ECE has none, since resampling by itself raises it; what it is held against is `ece_limit`.
    """
    is_right = (predictions.chosen == truth).all(axis=1)
    counts = count_labels(truth, predictions, schema.task, texts=texts)
    scores, hits = _SCORED[schema.task](truth, predictions)
    ece = expected_calibration_error(scores, hits)
    is_auto = predictions.is_auto
    return Evaluation(
        num_train=num_train,
        num_test=len(truth),
        metrics=(
            *(_metric(name, figure(counts)) for name, figure in METRICS[schema.task].items()),
            Metric(name="ece", value=ece, low=ece, high=ece),
        ),
        per_label=_per_label(schema, counts),
        confusion=_confusion(truth, predictions) if schema.task == "single_label" else (),
        calibration=calibration_bins(scores, hits),
        ece_limit=ece_limit(scores),
        auto_share=float(is_auto.mean()),
        auto_precision=float(is_right[is_auto].mean()) if is_auto.any() else None,
    )


def _per_label(schema: LabelSchema, counts: LabelCounts) -> tuple[LabelMetrics, ...]:
    precision, recall, f1 = _precision(counts)[0], _recall(counts)[0], _f1(counts)[0]
    return tuple(
        LabelMetrics(
            label=label,
            precision=precision[k],
            recall=recall[k],
            f1=f1[k],
            support=int(counts.true[0, k]),
        )
        for k, label in enumerate(schema.labels)
    )


def _confusion(truth: np.ndarray, predictions: Predictions) -> tuple[tuple[int, ...], ...]:
    num_labels = truth.shape[1]
    pairs = truth.argmax(axis=1) * num_labels + predictions.chosen.argmax(axis=1)
    counts = np.bincount(pairs, minlength=num_labels**2).reshape(num_labels, num_labels)
    return tuple(tuple(row) for row in counts.tolist())


def _metric(name: str, values: Floats) -> Metric:
    low, high = np.quantile(values[1:], _INTERVAL)
    return Metric(name=name, value=values[0], low=low, high=high)


def _precision(counts: LabelCounts) -> Floats:
    """0 for a label that no document gets, as scikit-learn's zero_division=0."""
    return counts.both / np.maximum(counts.given, 1)


def _recall(counts: LabelCounts) -> Floats:
    return counts.both / np.maximum(counts.true, 1)


def _f1(counts: LabelCounts) -> Floats:
    return 2 * counts.both / np.maximum(counts.given + counts.true, 1)


def _macro(of_label: Figure) -> Figure:
    """The mean over the labels that documents have: what none has cannot be recalled."""

    def figure(counts: LabelCounts) -> Floats:
        is_there = counts.true > 0
        total = np.where(is_there, of_label(counts), 0).sum(axis=1)
        mean: Floats = total / np.maximum(is_there.sum(axis=1), 1)
        return mean

    return figure


def _f1_micro(counts: LabelCounts) -> Floats:
    pairs = (counts.given + counts.true).sum(axis=1)
    micro: Floats = 2 * counts.both.sum(axis=1) / np.maximum(pairs, 1)
    return micro


def _f1_weighted(counts: LabelCounts) -> Floats:
    total = (_f1(counts) * counts.true).sum(axis=1)
    weighted: Floats = total / np.maximum(counts.true.sum(axis=1), 1)
    return weighted


def _hamming_loss(counts: LabelCounts) -> Floats:
    wrong = (counts.given + counts.true - 2 * counts.both).sum(axis=1)
    share: Floats = wrong / (counts.num_documents * counts.true.shape[1])
    return share


_SHARED: dict[str, Figure] = {
    "precision_macro": _macro(_precision),
    "recall_macro": _macro(_recall),
    "f1_macro": _macro(_f1),
    "f1_micro": _f1_micro,
    "f1_weighted": _f1_weighted,
    "log_loss": lambda counts: counts.log_loss,
}
METRICS: dict[Task, dict[str, Figure]] = {
    "single_label": {"accuracy": lambda counts: counts.right, **_SHARED},
    "multi_label": {
        "subset_accuracy": lambda counts: counts.right,
        "hamming_loss": _hamming_loss,
        **_SHARED,
        "average_precision_macro": _macro(lambda counts: counts.ranking),
    },
}


def _scored_documents(truth: np.ndarray, predictions: Predictions) -> tuple[np.ndarray, Floats]:
    return predictions.score, (predictions.chosen == truth).all(axis=1)


def _scored_labels(truth: np.ndarray, predictions: Predictions) -> tuple[np.ndarray, Floats]:
    return predictions.probabilities.ravel(), truth.ravel()


# What is calibrated: the probability of the decision; of a multi-label task that of each label.
_SCORED = {"single_label": _scored_documents, "multi_label": _scored_labels}
