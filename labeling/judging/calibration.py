"""Calibration: from logits to probabilities that mean what they say, and how far they are from it.

Knows logits, scores and labels as arrays. Does not know which head they come from.
"""

import numpy as np
from scipy.optimize import minimize, minimize_scalar
from scipy.special import expit, log_expit, log_softmax, softmax

from labeling.judging.evaluation import CalibrationBin
from labeling.labeler import Calibration
from labeling.schema import Task

NUM_BINS = 15
_LINKS = {"single_label": lambda logits: softmax(logits, axis=1), "multi_label": expit}
_LOG_SCALES = (-6.0, 6.0)  # perfect logits would ask for an infinite scale


def probabilities(logits: np.ndarray, calibration: Calibration, task: Task) -> np.ndarray:
    """Float32 [n, labels]; the rows of a single-label task sum to 1."""
    scaled = np.asarray(logits, np.float64) * calibration.scale + calibration.shift
    linked: np.ndarray = _LINKS[task](scaled)
    return linked.astype(np.float32)


def fit_calibration(logits: np.ndarray, indicator: np.ndarray, task: Task) -> Calibration:
    """The calibration that gives these logits the least log loss.

    They must be of rows that the head was not trained on. A single-label task gets one
    temperature, which changes no decision; a multi-label task gets Platt's sigmoid for each label.

    Source: Guo et al. 2017, On Calibration of Modern Neural Networks; Platt 1999.
    """
    return _FITS[task](np.asarray(logits, np.float64), indicator)


def expected_calibration_error(scores: np.ndarray, is_right: np.ndarray) -> float:
    """The mean of |score - share that is right| over the bins, each weighed by its size."""
    bins = calibration_bins(scores, is_right)
    gaps = [bin_.count * abs(bin_.score - bin_.accuracy) for bin_ in bins]
    return float(sum(gaps) / max(len(scores), 1))


def calibration_bins(scores: np.ndarray, is_right: np.ndarray) -> tuple[CalibrationBin, ...]:
    """The bins of equal width, ((b - 1) / 15, b / 15], that hold a score."""
    places = _places(scores, NUM_BINS)
    counts = np.bincount(places, minlength=NUM_BINS)
    sums = np.bincount(places, np.asarray(scores, np.float64), NUM_BINS)
    right = np.bincount(places, np.asarray(is_right, np.float64), NUM_BINS)
    return tuple(
        CalibrationBin(
            score=sums[b] / counts[b], accuracy=right[b] / counts[b], count=int(counts[b])
        )
        for b in np.flatnonzero(counts)
    )


def ece_limit(scores: np.ndarray, *, draws: int = 1000, seed: int = 0) -> float:
    """The ECE that a perfectly calibrated labeler with these scores stays below 95 % of the time.

    Scores are drawn for in 100 slices of each bin, so the cost does not grow with their number.
    """
    slices = 100
    places = _places(scores, NUM_BINS * slices)
    counts = np.bincount(places, minlength=NUM_BINS * slices)
    sums = np.bincount(places, np.asarray(scores, np.float64), NUM_BINS * slices)
    chances = np.clip(sums / np.maximum(counts, 1), 0, 1)
    right = np.random.default_rng(seed).binomial(counts, chances, (draws, len(counts)))
    gaps = (right - sums).reshape(draws, NUM_BINS, slices).sum(axis=2)
    return float(np.quantile(np.abs(gaps).sum(axis=1) / max(len(scores), 1), 0.95))


def _places(scores: np.ndarray, num_bins: int) -> np.ndarray:
    places = np.ceil(np.asarray(scores, np.float64) * num_bins).astype(np.int64) - 1
    return np.clip(places, 0, num_bins - 1)


def _fit_temperature(logits: np.ndarray, indicator: np.ndarray) -> Calibration:
    def loss(log_scale: float) -> float:
        return -float(log_softmax(logits * np.exp(log_scale), axis=1)[indicator].mean())

    found = minimize_scalar(loss, bounds=_LOG_SCALES, method="bounded", options={"xatol": 1e-4})
    return Calibration(scale=(float(np.exp(found.x)),), shift=(0.0,))


def _fit_sigmoids(logits: np.ndarray, indicator: np.ndarray) -> Calibration:
    pairs = [_fit_sigmoid(column, yes) for column, yes in zip(logits.T, indicator.T, strict=True)]
    return Calibration(
        scale=tuple(scale for scale, _ in pairs), shift=tuple(shift for _, shift in pairs)
    )


def _fit_sigmoid(logits: np.ndarray, yes: np.ndarray) -> tuple[float, float]:
    """Scale and shift, with Platt's targets: never quite 0 and 1, so few rows claim little."""
    num_yes, num_no = int(yes.sum()), int((~yes).sum())
    target = np.where(yes, (num_yes + 1) / (num_yes + 2), 1 / (num_no + 2))

    def loss(line: np.ndarray) -> tuple[float, np.ndarray]:
        scaled = logits * line[0] + line[1]
        error = expit(scaled) - target
        value = -(target * log_expit(scaled) + (1 - target) * log_expit(-scaled)).mean()
        return float(value), np.array([(error * logits).mean(), error.mean()])

    found = minimize(loss, np.array([1.0, 0.0]), jac=True, method="BFGS")
    return float(found.x[0]), float(found.x[1])


_FITS = {"single_label": _fit_temperature, "multi_label": _fit_sigmoids}
