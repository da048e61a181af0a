"""From which probability on a label of a multi-label task is given.

Knows probabilities and labels of rows that were not trained on. Does not know how they came about.
"""

import numpy as np

# A label with as many documents as this gets the mean of its own threshold and that of all.
PSEUDO_ROWS = 20


def fit_thresholds(probabilities: np.ndarray, indicator: np.ndarray) -> tuple[float, ...]:
    """For each label the threshold of its best F1, drawn towards the one best for all labels.

    A label's own best threshold is as good as its documents are many: with n of them it counts
    n / (n + 20), and the threshold of the best micro F1 counts the rest. A label without any
    document gets the latter. Rows of 0.5 would lose half of the rare labels.

    Source: Lipton et al. 2014, Optimal Thresholding of Classifiers to Maximize F1 Measure, for
    why the best one is below 0.5; the pseudo-rows are those of additive smoothing.
    """
    shared = best_threshold(probabilities.ravel(), indicator.ravel())
    columns = zip(probabilities.T, indicator.T, strict=True)
    own = np.array([best_threshold(column, yes) for column, yes in columns])
    num_yes = indicator.sum(axis=0)
    shrunk = (num_yes * own + PSEUDO_ROWS * shared) / (num_yes + PSEUDO_ROWS)
    return tuple(float(threshold) for threshold in shrunk)


def best_threshold(probabilities: np.ndarray, yes: np.ndarray) -> float:
    """The threshold of the best F1 when `probability >= threshold` is a yes.

    Every cut between two different probabilities is tried; the threshold lies halfway, so that
    rounding changes nothing. Of equally good cuts the highest is taken; 0.5 where nothing is yes.
    """
    if not yes.any():
        return 0.5
    order = np.argsort(-probabilities, kind="stable")
    scores, hits = probabilities[order].astype(np.float64), np.cumsum(yes[order])
    given = np.arange(1, len(scores) + 1)
    f1 = 2 * hits / (given + hits[-1])
    below = np.append(scores[1:], 0.0)
    f1[scores == below] = -1.0  # no threshold parts equal probabilities
    best = int(np.argmax(f1))
    return float((scores[best] + below[best]) / 2)
