"""Average precision of one label, for many weightings of the documents at once."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True)
class Ranking:
    """Documents by falling probability of a label, in steps that each end with some that have it.

    Attributes:
        order: The documents down to the last that has the label.
        starts: Where in `order` each step starts.
        having: The documents that have the label, likewise.
        having_starts: Where in `having` each step starts.
    """

    order: np.ndarray
    starts: np.ndarray
    having: np.ndarray
    having_starts: np.ndarray

    def average_precision(self, weights: np.ndarray) -> np.ndarray:
        """Of each column of weights [n, columns]; NaN where no document with the label is left.

        The precision after each step, weighed by the recall that the step adds; equal
        probabilities are one step (scikit-learn's average_precision_score).
        """
        if not len(self.having):
            return np.full(weights.shape[1], np.nan)
        seen = np.add.reduceat(weights[self.order], self.starts, axis=0).cumsum(axis=0)
        found = np.add.reduceat(weights[self.having], self.having_starts, axis=0)
        precision = found.cumsum(axis=0) / np.maximum(seen, 1)
        total = found.sum(axis=0)
        return np.where(total > 0, (found * precision).sum(axis=0) / np.maximum(total, 1), np.nan)


def rank_documents(probabilities: np.ndarray, has_label: np.ndarray) -> Ranking:
    """The ranking of documents by their probabilities of a label that some of them have."""
    order = np.argsort(-probabilities, kind="stable")
    ordered, is_having = probabilities[order], has_label[order]
    group = np.append(0, np.cumsum(ordered[1:] != ordered[:-1]))[: len(order)]
    steps, having_starts = np.unique(group[is_having], return_index=True)
    ends = np.searchsorted(group, steps, side="right")
    return Ranking(
        order=order[: ends[-1]] if len(ends) else order[:0],
        starts=np.append(0, ends)[: len(ends)],
        having=order[is_having],
        having_starts=having_starts,
    )
