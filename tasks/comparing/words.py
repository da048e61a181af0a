"""Figures of a comparison as a person reads them, and the rows of its tables.

Knows which figures a task has. Knows no HTML and no console.
"""

from dataclasses import dataclass
from typing import Literal

from labeling import Metric, PairedTest, Task
from tasks.comparing.comparison import ComparedLabeler, Comparison, Cost
from tasks.figures import size_words, time_words

_TINY_P = 1e-3
_NOT_MEASURED = "-"

# What a column shows of a metric: its value, or also its interval.
Shown = Literal["value", "interval"]


@dataclass(frozen=True, slots=True)
class MetricColumn:
    """A metric of an evaluation as a column; `heading` is what people call it."""

    metric: str
    heading: str
    shown: Shown


METRIC_COLUMNS: dict[Task, tuple[MetricColumn, ...]] = {
    "single_label": (
        MetricColumn("accuracy", "accuracy", "interval"),
        MetricColumn("precision_macro", "precision", "value"),
        MetricColumn("recall_macro", "recall", "value"),
        MetricColumn("f1_macro", "F1 (macro)", "interval"),
        MetricColumn("ece", "ECE", "value"),
    ),
    "multi_label": (
        MetricColumn("f1_micro", "F1 (micro)", "interval"),
        MetricColumn("f1_macro", "F1 (macro)", "interval"),
        MetricColumn("subset_accuracy", "whole sets right", "value"),
        MetricColumn("hamming_loss", "Hamming loss", "value"),
        MetricColumn("average_precision_macro", "avg. precision", "value"),
        MetricColumn("ece", "ECE", "value"),
    ),
}


def percent_words(share: float) -> str:
    """To a tenth of a per cent: 85.1 %."""
    return f"{100 * share:.1f} %"


def points_words(difference: float, *, is_signed: bool = False) -> str:
    """A difference of two shares in points: 1.5 points, or +1.5 points."""
    points = round(100 * difference, 1) + 0.0  # never -0.0
    return f"{points:+.1f} points" if is_signed else f"{points:.1f} points"


def p_words(p_value: float) -> str:
    """A p-value: p = 0.02, or p = 8e-14 where zeros would have to be counted."""
    return f"p = {p_number(p_value)}"


def p_number(p_value: float) -> str:
    """0.02, or 8e-14 where zeros would have to be counted."""
    return f"{p_value:.0e}".replace("e-0", "e-") if p_value < _TINY_P else f"{p_value:.2g}"


def metric_words(metric: Metric, shown: Shown) -> str:
    """0.851, or with its 95 % interval: 0.851 [0.845, 0.857]."""
    value = f"{metric.value:.3f}"
    return value if shown == "value" else f"{value} [{metric.low:.3f}, {metric.high:.3f}]"


def difference_words(test: PairedTest | None) -> tuple[str, str]:
    """The difference in points with its interval, and p; dashes where nothing was compared."""
    if test is None:
        return _NOT_MEASURED, _NOT_MEASURED
    low, value, high = (100 * each + 0.0 for each in (test.low, test.difference, test.high))
    return f"{value:+.1f} [{low:+.1f}, {high:+.1f}]", p_number(test.p_value)


def auto_words(labeler: ComparedLabeler) -> str:
    """The share that needs nobody, and how much of it is right: 62.0 % (91.3 % right)."""
    evaluation = labeler.evaluation
    if evaluation.auto_precision is None:
        return percent_words(evaluation.auto_share)
    right = percent_words(evaluation.auto_precision)
    return f"{percent_words(evaluation.auto_share)} ({right} right)"


def cost_words(cost: Cost) -> tuple[str, str]:
    """Time to encode a million documents, and what their vectors take."""
    time = time_words(cost.encode_seconds) if cost.encode_seconds else _NOT_MEASURED
    return time, size_words(cost.vector_bytes) if cost.vector_bytes else _NOT_MEASURED


def table_headings(comparison: Comparison) -> list[str]:
    """The columns of the table of labelers."""
    metrics = [each.heading for each in METRIC_COLUMNS[comparison.label_schema.task]]
    auto = f"auto at {comparison.target_precision:.0%}"
    return ["labeler", *metrics, auto, "encode 1 M", "vectors of 1 M"]


def table_row(comparison: Comparison, labeler: ComparedLabeler) -> list[str]:
    """What those columns say of a labeler."""
    columns = METRIC_COLUMNS[comparison.label_schema.task]
    figures = [metric_words(labeler.evaluation.metric(c.metric), c.shown) for c in columns]
    return [labeler.name, *figures, auto_words(labeler), *cost_words(labeler.cost)]


def compared_with(comparison: Comparison) -> list[str]:
    """The labelers with which all are compared: the best single one, and mean pooling."""
    plain = comparison.plain
    return [comparison.single, *([plain] if plain and plain != comparison.single else [])]


def difference_headings(comparison: Comparison) -> list[str]:
    """The columns of the table of paired tests; the differences are in points."""
    pairs = [[f"points against {other}", "p"] for other in compared_with(comparison)]
    return ["labeler", *(heading for pair in pairs for heading in pair)]


def difference_row(comparison: Comparison, labeler: ComparedLabeler) -> list[str]:
    """What those columns say of a labeler."""
    others = compared_with(comparison)
    pairs = [difference_words(comparison.test(labeler.name, other)) for other in others]
    return [labeler.name, *(cell for pair in pairs for cell in pair)]


def brief_headings(comparison: Comparison) -> list[str]:
    """The columns of the table that fits on a terminal; `points` are against the best single."""
    headline = METRIC_COLUMNS[comparison.label_schema.task][0].heading
    return ["labeler", headline, "F1 (macro)", "ECE", "auto", "points", "p"]


def brief_row(comparison: Comparison, labeler: ComparedLabeler) -> list[str]:
    """What those columns say of a labeler."""
    evaluation, headline = labeler.evaluation, comparison.headline(labeler.name)
    test = comparison.test(labeler.name, comparison.single)
    return [
        labeler.name,
        f"{headline.value:.3f} ({headline.low:.2f}-{headline.high:.2f})",
        *(f"{evaluation.metric(name).value:.3f}" for name in ("f1_macro", "ece")),
        f"{evaluation.auto_share:.0%}",
        f"{100 * test.difference:+.1f}" if test else "",
        p_number(test.p_value) if test else "",
    ]
