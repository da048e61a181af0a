"""Fit scikit-learn's linear estimators, whichever of the labels the rows have. Knows arrays."""

from collections.abc import Callable
from typing import Any, Protocol

import numpy as np

from labeling.schema import Task

# Weights [labels, dimension] and bias [labels].
Separator = tuple[np.ndarray, np.ndarray]


class Estimator(Protocol):
    """A linear estimator of scikit-learn; of two classes it has one row of weights."""

    coef_: np.ndarray
    intercept_: np.ndarray

    def fit(self, features: np.ndarray, classes: np.ndarray) -> Any:
        """Find the weights, perhaps from those that it has."""
        ...


MakeEstimator = Callable[[], Estimator]


def fit_separator(
    make: MakeEstimator,
    features: np.ndarray,
    indicator: np.ndarray,
    task: Task,
    start: Separator | None = None,
) -> Separator:
    """Float64 weights and bias: of one estimator, or of a multi-label task of one per label.

    `features` may be one of scipy's sparse matrices. A label that no row has, or of a multi-label
    task every row, gets a bias alone. `start` is from where the search begins.
    """
    return _FITS[task](make, features, indicator, start)


def _fit_together(
    make: MakeEstimator, features: np.ndarray, indicator: np.ndarray, start: Separator | None
) -> Separator:
    found = np.flatnonzero(indicator.any(axis=0))
    weights = np.zeros((indicator.shape[1], features.shape[1]))
    bias = np.full(indicator.shape[1], _log_odds(0, len(indicator)))
    bias[found] = 0
    if len(found) > 1:
        estimator = make()
        if start is not None and len(found) == len(bias):
            _begin_at(estimator, *start)
        estimator.fit(features, indicator[:, found].argmax(axis=1))
        weights[found], bias[found] = _row_per_label(estimator)
    return weights, bias


def _fit_each_alone(
    make: MakeEstimator, features: np.ndarray, indicator: np.ndarray, start: Separator | None
) -> Separator:
    weights = np.zeros((indicator.shape[1], features.shape[1]))
    bias = np.array([_log_odds(count, len(indicator)) for count in indicator.sum(axis=0)])
    for k in np.flatnonzero(indicator.any(axis=0) & ~indicator.all(axis=0)):
        estimator = make()
        if start is not None:
            _begin_at(estimator, start[0][[k]], start[1][[k]])
        estimator.fit(features, indicator[:, k])
        weights[k], bias[k] = estimator.coef_[0], estimator.intercept_[0]
    return weights, bias


def _begin_at(estimator: Estimator, weights: np.ndarray, bias: np.ndarray) -> None:
    """Of two labels, one row of weights decides: that of the second less that of the first."""
    two = len(bias) == 2  # noqa: PLR2004 - labels
    estimator.coef_ = weights[[1]] - weights[[0]] if two else weights
    estimator.intercept_ = bias[[1]] - bias[[0]] if two else bias


def _row_per_label(estimator: Estimator) -> Separator:
    weights, bias = estimator.coef_, estimator.intercept_
    if len(bias) > 1:
        return weights, bias
    return np.concatenate([-weights, weights]) / 2, np.concatenate([-bias, bias]) / 2


def _log_odds(count: int, n: int) -> float:
    """With half a row more on either side, so that nothing is certain."""
    return float(np.log((count + 0.5) / (n - count + 0.5)))


_FITS = {"single_label": _fit_together, "multi_label": _fit_each_alone}
