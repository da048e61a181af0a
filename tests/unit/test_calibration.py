"""Probabilities mean what they say, and it is known how far off chance alone would put them."""

import numpy as np
import pytest

from labeling import (
    Calibration,
    calibration_bins,
    ece_limit,
    expected_calibration_error,
    fit_calibration,
    probabilities,
)


def test_probabilities_are_softmax_or_sigmoids_of_scaled_logits() -> None:
    logits = np.log([[1.0, 2.0, 5.0]])
    single = probabilities(logits, Calibration(scale=(2.0,), shift=(0.0,)), "single_label")
    multi = probabilities(
        np.array([[0.0, 1.0]]), Calibration(scale=(1.0, 2.0), shift=(0.0, -2.0)), "multi_label"
    )

    assert single.dtype == np.float32
    assert single[0] == pytest.approx([1 / 30, 4 / 30, 25 / 30])
    assert multi[0] == pytest.approx([0.5, 0.5])


@pytest.mark.parametrize("scale", [0.25, 1.0, 8.0])
def test_a_temperature_undoes_a_scaling_of_the_logits(scale: float) -> None:
    rng = np.random.default_rng(0)
    logits = rng.normal(size=(20_000, 4))
    chances = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    truth = np.eye(4, dtype=bool)[(chances.cumsum(axis=1) < rng.random((20_000, 1))).sum(axis=1)]
    found = fit_calibration(logits * scale, truth, "single_label")

    assert found.scale[0] * scale == pytest.approx(1, abs=0.05)
    assert found.soft_share == 0.0
    assert found.shift == (0.0,)


def test_a_share_of_probabilities_is_softer() -> None:
    logits = np.log([[1.0, 2.0, 5.0]])
    calibration = Calibration(scale=(2.0,), soft_share=0.25, soft_scale=0.0)
    found = probabilities(logits, calibration, "single_label")

    assert found[0] == pytest.approx([1 / 40 + 1 / 12, 4 / 40 + 1 / 12, 25 / 40 + 1 / 12])


def test_two_temperatures_are_found_where_truth_has_two_and_change_no_decision() -> None:
    rng = np.random.default_rng(0)
    logits = rng.normal(size=(20_000, 4))
    two = Calibration(scale=(4.0,), soft_share=0.3, soft_scale=1.0)
    chances = probabilities(logits, two, "single_label")
    truth = np.eye(4, dtype=bool)[
        (chances.cumsum(axis=1)[:, :3] < rng.random((20_000, 1))).sum(axis=1)
    ]
    found = fit_calibration(logits, truth, "single_label")

    assert (found.scale[0], found.soft_scale) == pytest.approx((4, 1), rel=0.15)
    assert found.soft_share == pytest.approx(0.3, abs=0.05)
    calibrated = probabilities(logits, found, "single_label")
    assert (calibrated.argmax(axis=1) == logits.argmax(axis=1)).all()
    score, is_right = calibrated.max(axis=1), truth[np.arange(20_000), calibrated.argmax(axis=1)]
    assert expected_calibration_error(score, is_right) < ece_limit(score)


def test_each_label_of_several_gets_a_line_of_its_own() -> None:
    rng = np.random.default_rng(0)
    logits = rng.normal(size=(20_000, 2))
    truth = rng.random((20_000, 2)) < 1 / (1 + np.exp(-(logits * [2.0, 0.5] + [-1.0, 1.0])))
    found = fit_calibration(logits, truth, "multi_label")

    assert found.scale == pytest.approx((2.0, 0.5), abs=0.1)
    assert found.shift == pytest.approx((-1.0, 1.0), abs=0.1)


def test_logits_that_were_never_wrong_claim_no_certainty() -> None:
    """Platt's targets: of 10 documents that all have the label, 11/12 is what is claimed."""
    logits = np.array([[5.0]] * 10 + [[-5.0]] * 10)
    found = fit_calibration(logits, logits > 0, "multi_label")

    assert probabilities(logits, found, "multi_label")[0, 0] == pytest.approx(11 / 12, abs=1e-3)


def test_perfect_logits_have_a_finite_temperature() -> None:
    found = fit_calibration(np.eye(3) * 9, np.eye(3, dtype=bool), "single_label")

    assert np.isfinite(found.scale[0])


def test_the_calibration_error_of_five_documents_by_hand() -> None:
    """Bins are 1/15 wide: 0.61 and 0.65 share one, 0.95 and 1.0 another."""
    scores = np.array([0.61, 0.65, 0.95, 1.0, 0.2])
    right = np.array([True, False, True, True, False])

    assert [(bin_.count, bin_.accuracy) for bin_ in calibration_bins(scores, right)] == [
        (1, 0.0),
        (2, 0.5),
        (2, 1.0),
    ]
    assert expected_calibration_error(scores, right) == pytest.approx(
        (1 * 0.2 + 2 * (0.63 - 0.5) + 2 * (1 - 0.975)) / 5
    )


@pytest.mark.parametrize("n", [200, 1000, 5000])
def test_a_calibrated_labeler_stays_below_the_limit_19_times_of_20(n: int) -> None:
    rng = np.random.default_rng(n)
    scores = rng.beta(4, 2, size=n)
    limit = ece_limit(scores)
    errors = [expected_calibration_error(scores, rng.random(n) < scores) for _ in range(400)]

    assert np.mean(np.array(errors) <= limit) == pytest.approx(0.95, abs=0.035)
