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
    logits = np.asarray(logits, np.float64)
    linked: np.ndarray = _LINKS[task](logits * calibration.scale + calibration.shift)
    if share := calibration.soft_share:
        linked = (1 - share) * linked + share * softmax(calibration.soft_scale * logits, axis=1)
    return linked.astype(np.float32)


def fit_calibration(logits: np.ndarray, indicator: np.ndarray, task: Task) -> Calibration:
    """The calibration that gives these logits the least log loss.

    They must be of rows that the head was not trained on. A single-label task gets one
    temperature, or two whose probabilities are mixed where the rows say that one is not enough,
    by the Bayesian information criterion; neither changes a decision. A multi-label task gets
    Platt's sigmoid for each label.

    Source: Guo et al. 2017, On Calibration of Modern Neural Networks; Zhang et al. 2020,
    Mix-n-Match; Platt 1999.
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
    one = Calibration(scale=(float(np.exp(found.x)),), shift=(0.0,))
    two, two_loss = _fit_two_temperatures(logits, indicator, float(found.x))
    is_better = len(logits) * (found.fun - two_loss) > np.log(len(logits))
    return two if is_better else one


def _fit_two_temperatures(
    logits: np.ndarray, indicator: np.ndarray, start: float
) -> tuple[Calibration, float]:
    """The best mixture of a sharp softmax and a soft one, and its log loss; `start`: log scale.

    A softmax is compressed most where the penalty is strong: then unsure rows are too little sure,
    and sure ones too much, whatever the temperature.
    """
    true = logits[indicator]

    def parts(scale: float) -> tuple[np.ndarray, np.ndarray]:
        """The probability of the truth, and its derivative by the scale."""
        shares = softmax(logits * scale, axis=1)
        truth = shares[indicator]
        return truth, truth * (true - (shares * logits).sum(axis=1))

    def loss(found: np.ndarray) -> tuple[float, np.ndarray]:
        scale, ratio, share = _open_mixture(found)
        (sharp, by_sharp), (soft, by_soft) = parts(scale), parts(scale * ratio)
        mixed = np.maximum((1 - share) * sharp + share * soft, np.finfo(np.float64).tiny)
        by_scale = (1 - share) * by_sharp + share * ratio * by_soft
        slopes = (
            scale * by_scale,
            share * by_soft * scale * ratio * (1 - ratio),
            (soft - sharp) * share * (1 - 2 * share),
        )
        return -float(np.log(mixed).mean()), -np.array([(s / mixed).mean() for s in slopes])

    limits = (_LOG_SCALES, (-5.0, 5.0), (-8.0, 8.0))
    found = minimize(loss, np.array([start, 0.0, -2.0]), jac=True, bounds=limits)
    scale, ratio, share = _open_mixture(found.x)
    soft = {"soft_share": share, "soft_scale": scale * ratio}
    return Calibration(scale=(scale,), shift=(0.0,), **soft), float(found.fun)


def _open_mixture(found: np.ndarray) -> tuple[float, float, float]:
    """Scale, how much softer the other one is, and its share, which is at most a half."""
    return float(np.exp(found[0])), float(expit(found[1])), float(expit(found[2])) / 2


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
