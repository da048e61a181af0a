"""From a trained head to a labeler: calibration, thresholds, and when to decide alone.

Knows logits of rows that the head had not seen. Does not know how the head was trained.
"""

from dataclasses import dataclass

import numpy as np
from pydantic import JsonValue

from labeling.examples import Examples
from labeling.heads.linear_head import LinearHead
from labeling.judging.calibration import fit_calibration, probabilities
from labeling.judging.decisions import choose_labels, decision_scores, fit_decision
from labeling.judging.thresholds import fit_thresholds
from labeling.labeler import (
    Calibration,
    DecisionRule,
    Head,
    Labeler,
    LabelerSpec,
    Member,
    Method,
    Source,
)
from labeling.schema import Task
from labeling.training.cross_fitting import folds_of
from labeling.training.head_spec import MemberOptions
from labeling.training.linear_fit import LinearFit


@dataclass(frozen=True, slots=True)
class HeadFit:
    """A head that was trained on all training rows, and what was said of rows not seen.

    Attributes:
        method: How the head makes logits.
        head: The head itself.
        held: Ascending places of the training rows that were predicted by a head that had not
            seen them.
        held_logits: Float64 [len(held), labels], of such heads.
        test_logits: Float64 [len(examples.test), labels], of the head itself.
        seconds: What training took, of this machine's time.
    """

    method: Method
    head: Head
    held: np.ndarray
    held_logits: np.ndarray
    test_logits: np.ndarray
    seconds: float


@dataclass(frozen=True, slots=True)
class _Reading:
    """How logits become probabilities and labels."""

    task: Task
    calibration: Calibration
    thresholds: tuple[float, ...]

    def probabilities(self, logits: np.ndarray) -> np.ndarray:
        return probabilities(logits, self.calibration, self.task)


def finish_member(
    examples: Examples, fit: HeadFit, *, source: Source, options: MemberOptions
) -> Member:
    """The head made a labeler, by what was said of rows that it had not seen.

    Without such rows nothing is calibrated, and every document goes to review.
    """
    truth = examples.indicator[fit.held]
    reading = _fit_reading(fit.held_logits, truth, examples.schema.task)
    spec = LabelerSpec(
        title=options.title,
        label_schema=examples.schema,
        source=source,
        method=fit.method,
        calibration=reading.calibration,
        thresholds=reading.thresholds,
        decision=_fit_rule(examples, fit, options.target_precision),
    )
    return Member(
        labeler=Labeler(spec, fit.head),
        held=fit.held,
        held_probabilities=reading.probabilities(fit.held_logits),
        test_probabilities=reading.probabilities(fit.test_logits),
        seconds=fit.seconds,
    )


def finish_linear(
    examples: Examples,
    fit: LinearFit,
    *,
    source: Source,
    parameters: dict[str, JsonValue],
    options: MemberOptions,
) -> Member:
    """The linear head that was learned together with a pooling or an encoder, made a labeler.

    `parameters` say how it was learned.
    """
    head_fit = HeadFit(
        method=Method(name="linear", parameters=parameters),
        head=LinearHead(fit.weights.astype(np.float32), fit.bias.astype(np.float32)),
        held=fit.held,
        held_logits=fit.held_logits,
        test_logits=fit.test_logits,
        seconds=fit.seconds,
    )
    return finish_member(examples, head_fit, source=source, options=options)


def _fit_reading(logits: np.ndarray, truth: np.ndarray, task: Task) -> _Reading:
    """Calibration, and of a multi-label task thresholds; without rows what changes nothing."""
    is_multi = task == "multi_label"
    if not len(logits):
        return _Reading(task, Calibration(), (0.5,) * truth.shape[1] if is_multi else ())
    calibration = fit_calibration(logits, truth, task)
    calibrated = probabilities(logits, calibration, task)
    return _Reading(task, calibration, fit_thresholds(calibrated, truth) if is_multi else ())


def _fit_rule(examples: Examples, fit: HeadFit, target_precision: float) -> DecisionRule:
    """From scores of rows that calibration and thresholds had not seen either, each text once.

    Rows with one text are right or wrong together: many of them prove no more than one.
    """
    truth, task = examples.indicator[fit.held], examples.schema.task
    score, is_right = np.zeros(len(truth), np.float32), np.zeros(len(truth), bool)
    fold = folds_of(examples, fit.held)
    for number in np.unique(fold):
        asked = fold == number
        reading = _fit_reading(fit.held_logits[~asked], truth[~asked], task)
        found = reading.probabilities(fit.held_logits[asked])
        chosen = choose_labels(found, task, reading.thresholds)
        score[asked] = decision_scores(found, chosen)
        is_right[asked] = (chosen == truth[asked]).all(axis=1)
    distinct = list({examples.texts[place]: n for n, place in enumerate(fit.held)}.values())
    return fit_decision(score[distinct], is_right[distinct], target_precision)
