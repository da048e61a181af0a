"""Fit a head, and find out what it says of rows that it has not seen. Knows folds, no head."""

import hashlib
from dataclasses import dataclass

import numpy as np

from labeling.calibration import fit_calibration, probabilities
from labeling.examples import Examples
from labeling.head_kind import HeadKind, TrainingRows
from labeling.labeler import Head
from labeling.votes import votes_for_the_truth

_PARTS = 3  # into which rows of one fold are divided


@dataclass(frozen=True, slots=True)
class CrossFitted:
    """A head of all rows, and logits of each row from heads that were fitted without its fold.

    Attributes:
        kind: The choice that was taken.
        head: Fitted to all rows.
        logits: Float64 [rows, labels].
    """

    kind: HeadKind
    head: Head
    logits: np.ndarray


def cross_fit(kind: HeadKind, rows: TrainingRows, fold: np.ndarray) -> CrossFitted:
    """Of the kind's choices the one with the least log loss, each calibrated, on unseen rows."""
    choices = kind.choices(rows)
    logits = _unseen_logits(choices, rows, fold)
    best = int(np.argmin([_log_loss(found, rows) for found in logits])) if len(choices) > 1 else 0
    return CrossFitted(choices[best], choices[best].fit(rows, None), logits[best])


def folds_of(examples: Examples, places: np.ndarray) -> np.ndarray:
    """The folds of some training rows; rows of one fold alone are divided anew, by their texts."""
    fold: np.ndarray = examples.fold[places]
    if len(np.unique(fold)) > 1:
        return fold
    return np.array([_part(examples.texts[place]) for place in places], np.int64)


def _part(text: str) -> int:
    return hashlib.blake2b(text.encode(), digest_size=8, person=b"parts").digest()[0] % _PARTS


def _unseen_logits(
    choices: tuple[HeadKind, ...], rows: TrainingRows, fold: np.ndarray
) -> list[np.ndarray]:
    """Logits of all rows for each choice; the search of each begins where that before ended."""
    found = [np.zeros(rows.indicator.shape) for _ in choices]
    for number in np.unique(fold):
        unseen = np.flatnonzero(fold == number)
        seen, asked = rows.take(np.flatnonzero(fold != number)), rows.take(unseen).inputs
        head: Head | None = None
        for logits, choice in zip(found, choices, strict=True):
            head = choice.fit(seen, head)
            logits[unseen] = head.logits(asked)
    return found


def _log_loss(logits: np.ndarray, rows: TrainingRows) -> float:
    task = rows.schema.task
    calibrated = probabilities(logits, fit_calibration(logits, rows.indicator, task), task)
    truth = votes_for_the_truth(calibrated[:, None, :], rows.indicator, task)
    return -float(np.log(truth).mean())
