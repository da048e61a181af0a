"""Train linear heads, by scikit-learn. Knows vectors and labels, no calibration."""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Annotated

import numpy as np
from pydantic import Field
from pydantic.dataclasses import dataclass
from sklearn import linear_model, svm

from labeling.heads.head_kind import PARAMETERS, HeadSetting, TrainingRows
from labeling.heads.linear_head import LinearHead, restore_linear
from labeling.heads.separating import MakeEstimator, fit_separator
from labeling.heads.standardizing import standardize
from labeling.labeler import Head

Inverse = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Inverses = Annotated[tuple[Inverse, ...], Field(min_length=1)]


# What scikit-learn calls a class weight.
WEIGHTS = {"none": None, "balanced": "balanced"}


@dataclass(frozen=True, slots=True, config=PARAMETERS)
class LogisticRegression:
    """Multinomial logistic regression; of a multi-label task one against the rest per label.

    On standardised vectors, with an L2 penalty. The smaller `c`, the stronger the penalty: it
    matters more than the pooling, so it is chosen from several by the log loss of unseen rows.
    """

    c: Inverses = (0.003, 0.01, 0.03, 0.1)
    max_iterations: Annotated[int, Field(ge=1)] = 1_000

    def choices(self, rows: TrainingRows) -> tuple["LogisticRegression", ...]:
        """One for each `c`, the strongest penalty first."""
        return tuple(replace(self, c=(c,)) for c in sorted(self.c))

    def fit(self, rows: TrainingRows, start: Head | None) -> LinearHead:
        """The standardisation is part of the weights."""
        make = partial(
            linear_model.LogisticRegression,
            C=rows.per_row(self.c[0]),
            class_weight=WEIGHTS[rows.class_weight],
            max_iter=self.max_iterations,
            warm_start=True,
        )
        return fit_standardized(make, rows, start)

    def restore(self, tensors: Mapping[str, np.ndarray], setting: HeadSetting) -> LinearHead:
        """A linear head."""
        return restore_linear(tensors, setting)


@dataclass(frozen=True, slots=True, config=PARAMETERS)
class LinearSvm:
    """A linear support vector machine, each label against the rest, on standardised vectors.

    Its margins are no probabilities until they are calibrated, as every labeler's logits are.
    """

    c: Inverses = (0.0001, 0.001, 0.01)
    max_iterations: Annotated[int, Field(ge=1)] = 2_000

    def choices(self, rows: TrainingRows) -> tuple["LinearSvm", ...]:
        """One for each `c`, the strongest penalty first."""
        return tuple(replace(self, c=(c,)) for c in sorted(self.c))

    def fit(self, rows: TrainingRows, start: Head | None) -> LinearHead:
        """The standardisation is part of the weights."""
        make = partial(
            svm.LinearSVC,
            C=rows.per_row(self.c[0]),
            class_weight=WEIGHTS[rows.class_weight],
            max_iter=self.max_iterations,
            random_state=rows.seed,
            dual=True,  # under a strong penalty, as here, three times as fast
        )
        return fit_standardized(make, rows, None)

    def restore(self, tensors: Mapping[str, np.ndarray], setting: HeadSetting) -> LinearHead:
        """A linear head."""
        return restore_linear(tensors, setting)


def fit_standardized(make: MakeEstimator, rows: TrainingRows, start: Head | None) -> LinearHead:
    """A head for the vectors as they are, fitted to standardised ones."""
    assert isinstance(rows.inputs, np.ndarray)
    features, standard = standardize(rows.inputs)
    begin = standard.unfold(start.weights, start.bias) if isinstance(start, LinearHead) else None
    weights, bias = fit_separator(make, features, rows.indicator, rows.schema.task, begin)
    return LinearHead(*standard.fold(weights, bias))
