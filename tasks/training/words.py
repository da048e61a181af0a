"""A training in words: a table with a row for each labeler, and sentences on what it comes to."""

from labeling import Evaluation, Metric, PairedTest
from tasks.training.findings import TrainedLabeler, Training

TRAINING_COLUMNS = (
    "labeler",
    "accuracy",
    "F1 macro",
    "ECE (chance)",
    "alone",
    "right",
    "to best",
    "p",
)
TRAINING_LEGEND = (
    "On the test, with 95 % intervals. ECE: how far scores are from the truth, and what chance "
    "alone would show at most; alone: documents that nobody needs to look at; right: how many of "
    "these are; to best: difference in accuracy in points, and p of the paired test."
)
# The first figure of the table: a document counts as right if all of its labels are.
_ACCURACIES = ("accuracy", "subset_accuracy")


def training_rows(found: Training) -> list[tuple[str, ...]]:
    """The labelers by accuracy on test rows, the best first."""
    ranked = sorted(found.labelers, key=lambda each: -_accuracy(each.evaluation).value)
    return [_row(found, each) for each in ranked]


def baseline_words(found: Training) -> str | None:
    """What to say if the encoder does not beat the words alone; None if it does."""
    baseline = next(labeler for labeler in found.labelers if labeler.reads == "text")
    dense = [each for each in found.labelers if each.reads not in ("text",) and not _joins(each)]
    if not dense:
        return None
    best = max(dense, key=lambda each: each.held_quality)
    ours, theirs = (_accuracy(each.evaluation).value for each in (best, baseline))
    if ours > theirs:
        return None
    return (
        f"the encoder does not beat the words alone: {best.title} {ours:.3f}, {baseline.title} "
        f"{theirs:.3f}. Try other poolings or layers, or take {baseline.title}, which needs no "
        "vectors."
    )


def recommendation_words(found: Training) -> str:
    """Which labeler did best, and how well."""
    best = found.labeler(found.recommended)
    share = accuracy_words(best.evaluation)
    said = f"{share} of the documents are right"
    if best.evaluation.metrics[0].name == "subset_accuracy":
        f1_micro = _interval(best.evaluation.metric("f1_micro"))
        said = f"its micro F1 is {f1_micro}, and {share} of the documents have all labels right"
    return f"{best.title} did best on training rows that it had not seen; on the test {said}."


def accuracy_words(evaluation: Evaluation) -> str:
    """The share of documents whose labels are all right, with its interval."""
    return _interval(_accuracy(evaluation))


def _accuracy(evaluation: Evaluation) -> Metric:
    return next(metric for metric in evaluation.metrics if metric.name in _ACCURACIES)


def _row(found: Training, labeler: TrainedLabeler) -> tuple[str, ...]:
    evaluation = labeler.evaluation
    test = next(
        (t for t in found.tests if (t.first, t.second) == (labeler.title, found.recommended)), None
    )
    precision = evaluation.auto_precision
    return (
        labeler.title.removeprefix(f"{found.title}_"),
        accuracy_words(evaluation),
        _interval(evaluation.metric("f1_macro")),
        f"{evaluation.metric('ece').value:.3f} ({evaluation.ece_limit:.3f})",
        f"{evaluation.auto_share:.0%}",
        "-" if precision is None else f"{precision:.1%}",
        *_test_words(test),
    )


def _test_words(test: PairedTest | None) -> tuple[str, str]:
    if test is None:
        return "", ""
    return f"{100 * test.difference:+.1f}", f"{test.p_value:.2g}"


def _interval(metric: Metric) -> str:
    return f"{metric.value:.3f} ({metric.low:.2f}-{metric.high:.2f})"


def _joins(labeler: TrainedLabeler) -> bool:
    return labeler.reads.endswith(" labelers")
