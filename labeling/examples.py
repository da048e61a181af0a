"""Labelled texts, split into what is trained on and what is only tested on. Knows arrays."""

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from labeling.schema import LabelSchema


@dataclass(frozen=True, slots=True)
class Examples:
    """Labelled texts, one row each, in the order of every array of features.

    Attributes:
        schema: The labels.
        texts: One per row.
        indicator: Bool [n, labels]: which labels a text has; of a single-label task exactly one.
        fold: Int [n]: the fold of a training row, from 0; -1 for a row that is only tested on.
            Rows of one text have one fold, so that no fold has seen what it is asked.
    """

    schema: LabelSchema
    texts: Sequence[str]
    indicator: np.ndarray
    fold: np.ndarray

    @property
    def train(self) -> np.ndarray:
        """The places of the rows to train on, ascending."""
        return np.flatnonzero(self.fold >= 0)

    @property
    def test(self) -> np.ndarray:
        """The places of the rows to test on, ascending."""
        return np.flatnonzero(self.fold < 0)

    @property
    def test_texts(self) -> np.ndarray:
        """Int [tests]: which text each row to test on has, numbered as they first appear."""
        return equal_numbers(self.texts[place] for place in self.test)


def equal_numbers(values: Iterable[Hashable]) -> np.ndarray:
    """Int [n]: equal values have one number; they are numbered as they first appear."""
    numbers: dict[Hashable, int] = {}
    return np.fromiter((numbers.setdefault(each, len(numbers)) for each in values), np.int64)
