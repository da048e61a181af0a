"""Comparisons made up for tests: three labelers, figures that are easy to tell apart."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from labeling import (
    CalibrationBin,
    Evaluation,
    LabelMetrics,
    LabelSchema,
    Metric,
    PairedTest,
    Task,
)
from tasks.comparing.comparison import ComparedLabeler, Comparison, Cost, Family, TextMap

METRICS = {
    "single_label": ["accuracy", "precision_macro", "recall_macro", "f1_macro"],
    "multi_label": [
        "f1_micro",
        "f1_macro",
        "subset_accuracy",
        "hamming_loss",
        "average_precision_macro",
    ],
}


def evaluation(labels: Sequence[str], value: float, task: Task = "single_label") -> Evaluation:
    """Every figure is `value`, its interval 0.01 to either side; the ECE is 0.02."""
    metrics = [metric(name, value) for name in METRICS[task]]
    return Evaluation(
        num_train=400,
        num_test=100,
        metrics=(*metrics, metric("ece", 0.02)),
        per_label=tuple(
            LabelMetrics(label=label, precision=value, recall=value, f1=value, support=10)
            for label in labels
        ),
        confusion=tuple(tuple(8 if true == said else 1 for said in labels) for true in labels)
        if task == "single_label"
        else (),
        calibration=(
            CalibrationBin(score=0.5, accuracy=0.5, count=40),
            CalibrationBin(score=0.9, accuracy=0.95, count=60),
        ),
        ece_limit=0.05,
        auto_share=0.6,
        auto_precision=0.93,
    )


def metric(name: str, value: float) -> Metric:
    return Metric(name=name, value=value, low=value - 0.01, high=value + 0.01)


def labeler(
    name: str, family: Family, value: float, labels: Sequence[str], task: Task = "single_label"
) -> ComparedLabeler:
    """Out of fold it does as well as on the test."""
    return ComparedLabeler(
        name=name,
        labeler=f"own_{name}-00000000",
        family=family,
        evaluation=evaluation(labels, value, task),
        held_quality=value,
        train_seconds=1.0,
        cost=Cost(encode_seconds=3600, vector_bytes=1.5e9),
    )


def paired(first: str, second: str, difference: float, p_value: float) -> PairedTest:
    """The interval is one point to either side."""
    return PairedTest(
        first=first,
        second=second,
        difference=difference,
        low=difference - 0.01,
        high=difference + 0.01,
        p_value=p_value,
        num_test=100,
    )


def comparison(
    labels: Sequence[str] = ("cat", "dog"), task: Task = "single_label", **changes: Any
) -> Comparison:
    """cls .70, words .75, mean .80 and a stack .85, all far from chance unless changed."""
    values: list[tuple[str, Family, float]] = [
        ("cls", "pooling", 0.70),
        ("words", "text", 0.75),
        ("mean", "pooling", 0.80),
        ("stack", "ensemble", 0.85),
    ]
    made = {
        "title": "own",
        "corpus": "pets",
        "label_column": "kind",
        "label_schema": LabelSchema(task=task, labels=tuple(labels)),
        "target_precision": 0.9,
        "made_at": datetime(2026, 1, 2, 3, 4, tzinfo=UTC),
        "facts": ("400 documents to train on and 100 to test on.",),
        "labelers": tuple(labeler(*each, labels, task) for each in values),
        "leader": "stack",
        "single": "mean",
        "dense": "mean",
        "plain": "mean",
        "text": "words",
        "tests": (
            paired("stack", "mean", 0.05, 1e-9),
            paired("cls", "mean", -0.10, 1e-9),
            paired("words", "mean", -0.05, 1e-4),
            paired("mean", "words", 0.05, 1e-4),
        ),
        "text_map": TextMap(space="mean", x=(0, 1, 2), y=(0, 1, 0), label=(0, 1, -1)),
    }
    return Comparison(**(made | changes))
