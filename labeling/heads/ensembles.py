"""Ensembles: the probabilities of several labelers become one. Knows probabilities, no member."""

from collections.abc import Mapping
from dataclasses import dataclass as plain_dataclass
from dataclasses import replace
from functools import partial
from typing import Annotated

import numpy as np
from pydantic import Field
from pydantic.dataclasses import dataclass
from scipy.optimize import minimize
from sklearn import linear_model

from labeling.heads.checks import expect_tensors, votes_of
from labeling.heads.head_kind import PARAMETERS, HeadSetting, TrainingRows
from labeling.heads.linear import Inverses, fit_standardized
from labeling.heads.linear_head import LinearHead
from labeling.heads.votes import WeightedVote, link, votes_for_the_truth
from labeling.labeler import Head, Inputs
from labeling.schema import Task


@dataclass(frozen=True, slots=True, config=PARAMETERS)
class SoftVote:
    """The mean of the members' probabilities: fine where they are equally good."""

    def choices(self, rows: TrainingRows) -> tuple["SoftVote", ...]:
        """Nothing is to be chosen."""
        return (self,)

    def fit(self, rows: TrainingRows, start: Head | None) -> WeightedVote:
        """Nothing is to be learned."""
        num_members = _votes(rows).shape[1]
        return _weighted_vote(rows, np.full(num_members, 1 / num_members))

    def restore(self, tensors: Mapping[str, np.ndarray], setting: HeadSetting) -> WeightedVote:
        """The vote with these weights."""
        return _restore_vote(tensors, setting)


@dataclass(frozen=True, slots=True, config=PARAMETERS)
class Simplex:
    """A weighted mean, its weights those of the least log loss: many of them are 0."""

    def choices(self, rows: TrainingRows) -> tuple["Simplex", ...]:
        """Nothing is to be chosen."""
        return (self,)

    def fit(self, rows: TrainingRows, start: Head | None) -> WeightedVote:
        """The problem is convex, so from where the search begins plays no part."""
        truth = votes_for_the_truth(_votes(rows), rows.indicator, rows.schema.task)

        def loss(weights: np.ndarray) -> tuple[float, np.ndarray]:
            mean = np.maximum(truth @ weights, 1e-12)
            return -float(np.log(mean).mean()), -(truth / mean[:, None]).mean(axis=0)

        num_members = truth.shape[1]
        found = minimize(
            loss,
            np.full(num_members, 1 / num_members),
            jac=True,
            method="SLSQP",
            bounds=[(0, 1)] * num_members,
            constraints={"type": "eq", "fun": lambda weights: weights.sum() - 1},
            options={"ftol": 1e-9, "maxiter": 500},
        )
        weights = np.where(found.x > _NOTHING, found.x, 0)
        return _weighted_vote(rows, weights / weights.sum())

    def restore(self, tensors: Mapping[str, np.ndarray], setting: HeadSetting) -> WeightedVote:
        """The vote with these weights."""
        return _restore_vote(tensors, setting)


@dataclass(frozen=True, slots=True, config=PARAMETERS)
class Greedy:
    """A mean of members that are added one by one, some of them several times.

    It begins with the best member; each round adds the one that leaves the least log loss. The
    best of all rounds is kept, so it is never worse than its best member on the rows it saw.

    Source: https://doi.org/10.1145/1015330.1015432
    """

    rounds: Annotated[int, Field(ge=1)] = 100

    def choices(self, rows: TrainingRows) -> tuple["Greedy", ...]:
        """Nothing is to be chosen."""
        return (self,)

    def fit(self, rows: TrainingRows, start: Head | None) -> WeightedVote:
        """Of equally good members the first is added."""
        truth = votes_for_the_truth(_votes(rows), rows.indicator, rows.schema.task)
        total, losses, added = np.zeros(len(truth)), list[float](), list[int]()
        for count in range(1, self.rounds + 1):
            found = -np.log((total[:, None] + truth) / count).mean(axis=0)
            added.append(int(found.argmin()))
            losses.append(float(found.min()))
            total += truth[:, added[-1]]
        kept = added[: int(np.argmin(losses)) + 1]
        return _weighted_vote(rows, np.bincount(kept, minlength=truth.shape[1]) / len(kept))

    def restore(self, tensors: Mapping[str, np.ndarray], setting: HeadSetting) -> WeightedVote:
        """The vote with these weights."""
        return _restore_vote(tensors, setting)


@plain_dataclass(frozen=True, slots=True)
class StackHead:
    """Logits are linear in the logarithms, or log odds, of all members' probabilities.

    Attributes:
        task: Which of the two.
        linear: Over the probabilities of the first member, then of the second, ...
    """

    task: Task
    linear: LinearHead

    def logits(self, inputs: Inputs) -> np.ndarray:
        """Of one document's votes alone."""
        num_labels, width = self.linear.weights.shape
        votes = votes_of(inputs, width // num_labels, num_labels)
        return self.linear.logits(_flat_links(votes, self.task))

    def tensors(self) -> dict[str, np.ndarray]:
        """`weights` [labels, members, labels] and `bias`."""
        num_labels = len(self.linear.bias)
        weights = self.linear.weights.reshape(num_labels, -1, num_labels)
        return {"weights": weights, "bias": self.linear.bias}


@dataclass(frozen=True, slots=True, config=PARAMETERS)
class Stack:
    """Logistic regression on the logarithms of the members' probabilities.

    It learns which member to believe about which label. How strong the penalty is to be depends on
    how many rows there are: of few it learns little more than the members' mean.

    Source: https://doi.org/10.1016/S0893-6080(05)80023-1
    """

    c: Inverses = (0.003, 0.03, 0.3)
    max_iterations: Annotated[int, Field(ge=1)] = 1_000

    def choices(self, rows: TrainingRows) -> tuple["Stack", ...]:
        """One for each `c`, the strongest penalty first."""
        return tuple(replace(self, c=(c,)) for c in sorted(self.c))

    def fit(self, rows: TrainingRows, start: Head | None) -> StackHead:
        """The logarithms are standardised; that is part of the weights."""
        task = rows.schema.task
        make = partial(
            linear_model.LogisticRegression, C=rows.per_row(self.c[0]), max_iter=self.max_iterations
        )
        linked = replace(rows, inputs=_flat_links(_votes(rows), task))
        return StackHead(task, fit_standardized(make, linked, None))

    def restore(self, tensors: Mapping[str, np.ndarray], setting: HeadSetting) -> StackHead:
        """The head with these weights."""
        expected = {"weights": ("labels", "members", "labels"), "bias": ("labels",)}
        expect_tensors(tensors, expected, setting.sizes)
        weights = tensors["weights"].reshape(len(tensors["bias"]), -1)
        return StackHead(setting.schema.task, LinearHead(weights, tensors["bias"]))


_NOTHING = 1e-6  # a weight that the search left there for want of digits


def _votes(rows: TrainingRows) -> np.ndarray:
    assert isinstance(rows.inputs, np.ndarray)
    return rows.inputs


def _weighted_vote(rows: TrainingRows, weights: np.ndarray) -> WeightedVote:
    return WeightedVote(rows.schema.task, len(rows.schema.labels), weights)


def _restore_vote(tensors: Mapping[str, np.ndarray], setting: HeadSetting) -> WeightedVote:
    expect_tensors(tensors, {"member_weights": ("members",)}, setting.sizes)
    schema = setting.schema
    return WeightedVote(schema.task, len(schema.labels), tensors["member_weights"])


def _flat_links(votes: np.ndarray, task: Task) -> np.ndarray:
    return link(votes, task).reshape(len(votes), votes.shape[1] * votes.shape[2])
