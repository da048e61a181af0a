"""Two labelers are compared on the same documents, pair by pair."""

import numpy as np
import pytest

from labeling import Predictions, compare

TRUTH = np.eye(2, dtype=bool)[[0] * 20]


def right_on(places: list[int]) -> Predictions:
    chosen = np.eye(2, dtype=bool)[[0 if place in places else 1 for place in range(20)]]
    return Predictions(chosen.astype(np.float32), chosen, np.ones(20), np.ones(20, bool))


def test_the_p_value_is_that_of_a_coin_for_the_documents_that_differ() -> None:
    found = compare("new", "old", TRUTH, right_on(list(range(12))), right_on([0, 1, 2, 3, 12]))

    assert (found.first, found.second, found.num_test) == ("new", "old", 20)
    assert found.difference == pytest.approx(7 / 20)  # 8 better, 1 worse
    assert found.p_value == pytest.approx(2 * (1 + 9) / 2**9)


def test_the_interval_is_that_of_paired_differences() -> None:
    found = compare("new", "old", TRUTH, right_on(list(range(12))), right_on([0, 1, 2, 3, 12]))
    half = 1.96 * np.sqrt((9 / 20 - (7 / 20) ** 2) / 20)

    assert found.low == pytest.approx(7 / 20 - half, abs=0.03)
    assert found.high == pytest.approx(7 / 20 + half, abs=0.03)


def test_a_text_that_many_documents_have_proves_no_more_than_one() -> None:
    pair = right_on(list(range(12))), right_on([0, 1, 2, 3, 12])
    texts = np.array([0, 1, 2, 3, *[4] * 8, *range(5, 13)])  # the eight that the first alone knows
    alone, together = (compare("a", "b", TRUTH, *pair, texts=each) for each in (None, texts))

    assert together.difference == alone.difference
    assert together.p_value == 1  # one text each
    assert together.high - together.low > 1.3 * (alone.high - alone.low)


def test_labelers_that_never_differ_are_told_apart_by_nothing() -> None:
    found = compare("one", "same", TRUTH, right_on([1, 2]), right_on([1, 2]))

    assert (found.difference, found.low, found.high, found.p_value) == (0, 0, 0, 1)


def test_the_order_of_two_labelers_changes_the_sign_alone() -> None:
    first, second = right_on(list(range(12))), right_on([0, 1, 2, 3, 12])
    forth, back = (compare("a", "b", TRUTH, *pair) for pair in ((first, second), (second, first)))

    assert (back.difference, back.p_value) == (-forth.difference, forth.p_value)
