"""Fit a head, and find out what it says of rows that it has not seen. Knows folds, no head."""

import hashlib
from dataclasses import dataclass

import numpy as np

from labeling.examples import Examples
from labeling.heads.head_kind import HeadKind, TrainingRows, take
from labeling.heads.votes import votes_for_the_truth
from labeling.judging.calibration import fit_calibration, probabilities
from labeling.labeler import Head

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
    """Of the kind's choices the one with the least log loss, each calibrated, on unseen rows.

    Choices stand in a row, from little freedom to much, and are tried until one is worse than that
    before it: the last ones take longest.
    """
    tried = list[_Tried]()
    for choice in kind.choices(rows):
        tried.append(_try(choice, rows, fold, tried[-1].heads if tried else {}))
        if tried[-1].log_loss > min(before.log_loss for before in tried):
            break
    best = min(tried, key=lambda found: found.log_loss)
    head = best.kind.fit(rows, next(iter(best.heads.values()), None))
    return CrossFitted(best.kind, head, best.logits)


def folds_of(examples: Examples, places: np.ndarray) -> np.ndarray:
    """The folds of some training rows; rows of one fold alone are divided anew, by their texts."""
    fold: np.ndarray = examples.fold[places]
    if len(np.unique(fold)) > 1:
        return fold
    return np.array([_part(examples.texts[place]) for place in places], np.int64)


def _part(text: str) -> int:
    return hashlib.blake2b(text.encode(), digest_size=8, person=b"parts").digest()[0] % _PARTS


@dataclass(frozen=True, slots=True)
class _Tried:
    """A choice, with its heads by the fold that they have not seen."""

    kind: HeadKind
    heads: dict[int, Head]
    logits: np.ndarray
    log_loss: float


def _try(kind: HeadKind, rows: TrainingRows, fold: np.ndarray, starts: dict[int, Head]) -> _Tried:
    logits, heads = np.zeros(rows.indicator.shape), dict[int, Head]()
    for number in map(int, np.unique(fold)):
        unseen = np.flatnonzero(fold == number)
        heads[number] = kind.fit(rows.take(np.flatnonzero(fold != number)), starts.get(number))
        logits[unseen] = heads[number].logits(take(rows.inputs, unseen))
    return _Tried(kind, heads, logits, _log_loss(logits, rows))


def _log_loss(logits: np.ndarray, rows: TrainingRows) -> float:
    """After calibration, as a labeler's logits are; 0 where there are no rows."""
    if not len(logits):
        return 0.0
    task = rows.schema.task
    calibrated = probabilities(logits, fit_calibration(logits, rows.indicator, task), task)
    truth = votes_for_the_truth(calibrated[:, None, :], rows.indicator, task)
    return -float(np.log(truth).mean())
