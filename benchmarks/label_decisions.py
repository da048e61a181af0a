"""Whether decisions keep what they promise: precision of `auto` rows, and thresholds of labels."""

from dataclasses import replace

import numpy as np
from scipy.special import expit, logit

from benchmarks.label_accuracy import LARGEST_ECE, judge, largest_ece
from benchmarks.label_data import MANY_ROWS, LabelData, read_data
from benchmarks.label_report import POINTS, metric_figure
from benchmarks.results import Figure, Measurement, NotMeasured
from labeling import Evaluation, HeadSpec, Member, SplitSpec
from labeling.judging.label_counts import count_labels
from labeling.judging.metrics import METRICS
from labeling.judging.thresholds import best_threshold

RESPLITS, TARGET, KEPT = 10, 0.9, 9
POOLING, ONE_PENALTY = "mean", 0.01
ASKED = {"f1_micro": (0.68, 2.0), "f1_macro": (0.61, 5.0)}
PENALTIES = (0.003, 0.01, 0.03, 0.1)
HALF, SHRUNK, PLAIN = "0.5", "one per label, shrunk", "0.5 of scikit-learn's own probabilities"


def measure_decisions(data: LabelData) -> Measurement:
    """The precision of `auto` rows on ten other splits of the same rows."""
    found = [_resplit(data, number) for number in range(RESPLITS)]
    precisions = [one.auto_precision for one in found if one.auto_precision is not None]
    shares = [one.auto_share for one in found]
    figures = [
        Figure(
            what=f"splits of {RESPLITS} in which at least {TARGET:.0%} of the auto rows are right",
            value=float(sum(precision >= TARGET for precision in precisions)),
            unit="count",
            goal=f"at least {KEPT}",
        ),
        Figure(
            what=f"splits of {RESPLITS} in which the ECE is no larger than it may be",
            value=float(sum(one.metric("ece").value <= largest_ece(data, one) for one in found)),
            unit="count",
            note=f"{LARGEST_ECE}, or the band of a perfectly calibrated one, of 95 in 100",
        ),
        _spread("precision of the auto rows", precisions),
        _spread("share of auto rows", shares),
    ]
    about = f"Logistic regression over {POOLING}, {RESPLITS} splits by hash; least and most of them"
    return Measurement(
        piece="decisions", corpus=data.name, about=f"{about}. {data.notes}.", figures=figures
    )


def measure_thresholds(data: LabelData) -> Measurement:
    """Rules for which labels a document gets, of one labeler; and what 0.5 is elsewhere.

    The last one is 0.5 of a head without calibration, its penalty chosen by its own log loss on
    the same rows: what who uses scikit-learn alone would have.

    Raises:
        NotMeasured: The documents have one label each.
    """
    if data.is_single:
        raise NotMeasured("thresholds are for documents with several labels")
    member = data.logistic(POOLING)
    held, truth = member.held_probabilities, data.examples.indicator[member.held]
    columns = list(zip(held.T, truth.T, strict=True))
    rules = {
        HALF: (0.5,) * truth.shape[1],
        "one for all labels": (best_threshold(held.ravel(), truth.ravel()),) * truth.shape[1],
        "one per label": tuple(best_threshold(column, yes) for column, yes in columns),
        SHRUNK: member.labeler.spec.thresholds,
    }
    ruled = {name: _with_thresholds(member, rule) for name, rule in rules.items()}
    ruled[PLAIN] = _uncalibrated(data)
    judged = {name: judge(data, one) for name, one in ruled.items()}
    figures = []
    for metric, (least, gain) in ASKED.items():
        for name, one in judged.items():
            asked = f"at least {least:.2f}" if name == SHRUNK else ""
            words = f"{name}: {metric.replace('_', ' ')}"
            figures.append(metric_figure(words, one.metric(metric), goal=asked))
        figures += [_gain(data, ruled, other, metric, gain) for other in (HALF, PLAIN)]
    figures.append(_empty(data, ruled))
    about = f"One-vs-rest logistic regression over {POOLING}, thresholds from its out-of-fold rows."
    return Measurement(
        piece="thresholds", corpus=data.name, about=f"{about} {data.notes}.", figures=figures
    )


def _resplit(data: LabelData, number: int) -> Evaluation:
    split = SplitSpec(salt=f"resplit {number}", on_rare="drop", on_missing="drop")
    other = read_data(data.path, max_tokens=data.encoder.max_tokens or 0, split=split)
    many = len(other.examples.train) > MANY_ROWS
    return judge(
        other, other.head(POOLING, HeadSpec(parameters={"c": [ONE_PENALTY]} if many else {}))
    )


def _spread(what: str, values: list[float]) -> Figure:
    """The mean, with the least and the most."""
    return Figure(
        what=f"{what}, mean",
        value=float(np.mean(values)),
        least=min(values),
        most=max(values),
        unit="",
    )


def _with_thresholds(member: Member, thresholds: tuple[float, ...]) -> Member:
    labeler = member.labeler
    spec = labeler.spec.model_copy(update={"thresholds": thresholds})
    return replace(member, labeler=replace(labeler, spec=spec))


def _uncalibrated(data: LabelData) -> Member:
    """A head as scikit-learn leaves it, of the penalty that has the least log loss so."""
    truth = data.examples.indicator
    found = []
    for penalty in PENALTIES:
        member = data.head(POOLING, HeadSpec(parameters={"c": [penalty]}))
        calibration = member.labeler.spec.calibration
        held, test = (
            expit((logit(said) - calibration.shift) / calibration.scale).astype(np.float32)
            for said in (member.held_probabilities, member.test_probabilities)
        )
        loss = float(-np.log(np.where(truth[member.held], held, 1 - held)).mean())
        plain = replace(member, held_probabilities=held, test_probabilities=test)
        found.append((loss, _with_thresholds(plain, (0.5,) * truth.shape[1])))
    return min(found, key=lambda one: one[0])[1]


def _gain(
    data: LabelData, ruled: dict[str, Member], other: str, metric: str, least: float
) -> Figure:
    """Paired: both rules are counted on the same resamples of the documents."""
    first, second = (
        METRICS["multi_label"][metric](
            count_labels(data.truth, data.predictions(ruled[name]), "multi_label")
        )
        for name in (SHRUNK, other)
    )
    difference = 100 * (first - second)
    low, high = np.quantile(difference[1:], (0.025, 0.975))
    return Figure(
        what=f"shrunk minus {other}: {metric.replace('_', ' ')}",
        value=float(difference[0]),
        least=float(low),
        most=float(high),
        unit=POINTS,
        goal=f"at least {least:+g}",
    )


def _empty(data: LabelData, ruled: dict[str, Member]) -> Figure:
    """How many documents get no label at all."""
    shares = {
        name: 1 - data.predictions(member).chosen.any(axis=1).mean()
        for name, member in ruled.items()
    }
    words = ", ".join(f"{name} {share:.3f}" for name, share in shares.items())
    truly = 1 - data.truth.any(axis=1).mean()
    return Figure(
        what="share of documents without a label, shrunk",
        value=float(shares[SHRUNK]),
        unit="",
        note=f"{words}; truly {truly:.3f}",
    )
