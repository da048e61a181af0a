"""Probabilities of several labelers, as an ensemble reads them. Knows numbers, no member."""

from dataclasses import dataclass

import numpy as np
from scipy.special import logit

from labeling.heads.checks import votes_of
from labeling.labeler import Inputs
from labeling.schema import Task

_TINY = 1e-9  # what a probability of 0 counts as in a logarithm; float32 near 1 knows no less
_LINKS = {"single_label": np.log, "multi_label": logit}


@dataclass(frozen=True, slots=True)
class WeightedVote:
    """The mean of the members' probabilities, each with its weight.

    Attributes:
        task: Logits are logarithms of a single-label task, log odds of a multi-label one.
        num_labels: For each member there are so many probabilities.
        member_weights: Float64 [members], none below 0, 1 in sum.
    """

    task: Task
    num_labels: int
    member_weights: np.ndarray

    def logits(self, inputs: Inputs) -> np.ndarray:
        """Of the mean."""
        votes = votes_of(inputs, len(self.member_weights), self.num_labels)
        return link(np.einsum("nmk,m->nk", votes, self.member_weights), self.task)

    def tensors(self) -> dict[str, np.ndarray]:
        """`member_weights`."""
        return {"member_weights": self.member_weights}


def link(probabilities: np.ndarray, task: Task) -> np.ndarray:
    """Float64 logits of these probabilities."""
    found: np.ndarray = _LINKS[task](np.clip(probabilities.astype(np.float64), _TINY, 1 - _TINY))
    return found


def votes_for_the_truth(votes: np.ndarray, indicator: np.ndarray, task: Task) -> np.ndarray:
    """Float64 [decisions, members]: how probable each member found what is true.

    A row is one decision of a single-label task, and one for each label of a multi-label task.
    """
    if task == "single_label":
        truth = np.take_along_axis(votes, indicator.argmax(axis=1)[:, None, None], axis=2)[..., 0]
    else:
        truth = np.where(indicator[:, None, :], votes, 1 - votes)
        truth = truth.transpose(0, 2, 1).reshape(-1, votes.shape[1])
    return np.maximum(truth.astype(np.float64), _TINY)
