"""Thresholds of several labels: the best F1, and no more trust in a rare label than it earns."""

import numpy as np
import pytest
from sklearn.metrics import f1_score

from labeling import fit_thresholds
from labeling.judging.thresholds import best_threshold


def test_the_best_threshold_lies_halfway_below_the_last_that_is_worth_a_yes() -> None:
    """F1 of 1, 2, 3, 4 yes: 2/3, 1/2, 4/5, 2/3."""
    found = best_threshold(np.array([0.9, 0.7, 0.6, 0.2]), np.array([True, False, True, False]))

    assert found == pytest.approx((0.6 + 0.2) / 2)


def test_no_threshold_is_better_than_the_one_found() -> None:
    rng = np.random.default_rng(0)
    yes = rng.random(300) < 0.2
    scores = np.round(np.clip(rng.normal(0.3 + 0.2 * yes, 0.2), 0, 1), 2)  # many are equal
    found = f1_score(yes, scores >= best_threshold(scores, yes))

    assert found == max(f1_score(yes, scores >= cut) for cut in np.unique(scores))


def test_equal_probabilities_are_not_parted() -> None:
    found = best_threshold(np.array([0.5, 0.5, 0.5, 0.1]), np.array([True, True, False, False]))

    assert found == pytest.approx(0.3)


def test_a_label_counts_its_own_threshold_by_its_documents() -> None:
    """Label 0 has 20 documents and is best cut at 0.85, label 1 has none; both share one cut."""
    first = np.array([0.9] * 20 + [0.8] * 60)
    second = np.full(80, 0.1)
    yes = np.column_stack([first > 0.85, np.zeros(80, bool)])
    shared = best_threshold(np.column_stack([first, second]).ravel(), yes.ravel())
    found = fit_thresholds(np.column_stack([first, second]), yes)

    assert found == pytest.approx(((20 * 0.85 + 20 * shared) / 40, shared))


def test_nothing_that_is_yes_leaves_a_half() -> None:
    assert best_threshold(np.array([0.1, 0.2]), np.array([False, False])) == 0.5
