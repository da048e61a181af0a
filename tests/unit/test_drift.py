"""A night that is like the reference is not flagged, and one with foreign documents is."""

import numpy as np
import pytest

from labeling import DriftRow, DriftSample, drift_rows

DIRECTION = np.eye(16)[3]
NAMES = {
    "label_distribution",
    "review_share",
    "mean_confidence",
    "length_psi",
    "score_psi",
    "unknown_share",
    "truncated_share",
    "centroid_distance",
}


def night(n: int, seed: int, foreign: float = 0.0) -> DriftSample:
    """Vectors around a mean, labels by chance; a share of the documents lies elsewhere."""
    rng = np.random.default_rng(seed)
    is_foreign = np.arange(n) < foreign * n
    vectors = (
        rng.normal(size=(n, 16)) * np.linspace(0.2, 2, 16) + 1 + 7 * np.outer(is_foreign, DIRECTION)
    )
    odds = np.exp(rng.normal(size=(n, 3)) + np.array([1, 0, -1]))
    probabilities = odds / odds.sum(axis=1, keepdims=True)
    chosen = np.eye(3, dtype=bool)[probabilities.argmax(axis=1)]
    n_tokens = rng.integers(5, 60, size=n).astype(float)
    return DriftSample(
        probabilities=probabilities,
        chosen=chosen,
        is_auto=probabilities.max(axis=1) > 0.5,
        n_tokens=n_tokens,
        truncated=n_tokens > 50,
        n_unknown=rng.poisson(1, size=n).astype(float),
        vectors=vectors,
    )


REFERENCE = night(1500, seed=1)


def by_name(rows: tuple[DriftRow, ...]) -> dict[str, DriftRow]:
    return {row.statistic: row for row in rows}


def flagged(nights: list[DriftSample]) -> float:
    return float(
        np.mean(
            [any(row.look for row in drift_rows(REFERENCE, each, draws=200)) for each in nights]
        )
    )


def test_of_a_hundred_unchanged_nights_two_at_most_are_flagged() -> None:
    assert flagged([night(200, seed=100 + number) for number in range(100)]) <= 0.02


def test_a_tenth_of_foreign_documents_is_seen() -> None:
    assert flagged([night(200, seed=100 + number, foreign=0.1) for number in range(25)]) >= 0.8


def test_a_night_larger_than_the_reference_is_not_flagged_for_its_size() -> None:
    assert flagged([night(6000, seed=100 + number) for number in range(5)]) == 0


def test_the_other_statistics_of_unchanged_nights_pass_their_limits_seldom() -> None:
    rows = [row for number in range(40) for row in drift_rows(REFERENCE, night(200, 500 + number))]

    assert np.mean([row.value > row.limit for row in rows]) <= 0.02


def test_every_statistic_has_a_row_and_only_the_centroid_raises_a_look() -> None:
    changed = night(400, seed=3, foreign=0.9)
    odd = DriftSample(
        probabilities=np.tile([0.0, 0.02, 0.98], (400, 1)),
        chosen=np.tile([False, False, True], (400, 1)),
        is_auto=np.zeros(400, bool),
        n_tokens=np.full(400, np.nan),
        truncated=np.ones(400, bool),
        n_unknown=np.full(400, np.nan),
        vectors=changed.vectors,
    )
    rows = by_name(drift_rows(REFERENCE, odd))

    assert set(rows) == NAMES - {"unknown_share"}  # nothing was counted
    assert all(row.value > row.limit for row in rows.values())
    assert [name for name, row in rows.items() if row.look] == ["centroid_distance"]


def test_a_difference_of_figures_shows_both() -> None:
    row = by_name(drift_rows(REFERENCE, night(200, seed=4)))["review_share"]

    assert row.reference == pytest.approx((~REFERENCE.is_auto).mean())
    assert row.value == pytest.approx(abs(row.tonight - row.reference))  # type: ignore[operator]


def test_labels_by_hand() -> None:
    """Half a, half b against three quarters a: a quarter of the labels would have to change."""
    reference = DriftSample(
        np.full((80, 2), 0.5), np.eye(2, dtype=bool)[[0, 1] * 40], np.ones(80, bool)
    )
    tonight = DriftSample(
        np.full((40, 2), 0.5), np.eye(2, dtype=bool)[[0, 0, 0, 1] * 10], np.ones(40, bool)
    )
    rows = by_name(drift_rows(reference, tonight))

    assert rows["label_distribution"].value == pytest.approx(0.25)
    assert rows["review_share"].value == 0
    assert set(rows) == {"label_distribution", "review_share", "mean_confidence", "score_psi"}


def test_a_night_of_few_documents_says_so_and_asks_for_nothing() -> None:
    row = by_name(drift_rows(REFERENCE, night(19, seed=5, foreign=1)))["centroid_distance"]

    assert (row.n, row.look) == (19, False)


def test_a_night_without_documents_has_no_rows() -> None:
    assert drift_rows(REFERENCE, night(0, seed=5)) == ()


def test_documents_without_any_label_are_a_label_of_their_own() -> None:
    """A third of the reference has no label, tonight all have none."""
    chosen = np.array([[True, True], [True, False], [False, False]] * 40)
    reference = DriftSample(np.full((120, 2), 0.5), chosen, np.ones(120, bool))
    tonight = DriftSample(np.full((50, 2), 0.5), np.zeros((50, 2), bool), np.ones(50, bool))
    row = by_name(drift_rows(reference, tonight))["label_distribution"]

    assert row.value == pytest.approx(1 - 40 / (80 + 40 + 40))
    assert row.value > row.limit
