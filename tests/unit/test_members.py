"""From logits of unseen rows to a labeler: calibrated, with thresholds, knowing when it is sure."""

import numpy as np
import pytest

from labeling import (
    Examples,
    HeadFit,
    HeadSpec,
    LabelSchema,
    LinearFit,
    LinearHead,
    Member,
    MemberOptions,
    Method,
    decide,
    finish_linear,
    finish_member,
    labeler_from_bytes,
    labeler_to_bytes,
    predict,
    train_head,
    train_text_head,
)
from tests.labelled import SPACE, draw_examples, train

SCHEMA = LabelSchema(task="single_label", labels=("no", "yes"))


def finish(logits: np.ndarray, indicator: np.ndarray, target: float = 0.9) -> Member:
    """A labeler of which these logits of unseen rows are known; it is tested on nothing."""
    n = len(logits)
    examples = Examples(SCHEMA, [str(i) for i in range(n)], indicator, np.arange(n) % 3)
    head = LinearHead(np.zeros((2, 1), np.float32), np.zeros(2, np.float32))
    nothing = np.zeros((0, 2))
    fit = HeadFit(Method(name="linear"), head, np.arange(n), logits, nothing, 0.0)
    options = MemberOptions(title="finished", target_precision=target)
    return finish_member(examples, fit, source=SPACE, options=options)


def draw_logits(n: int = 3_000) -> tuple[np.ndarray, np.ndarray]:
    """Logits that claim twice of what is true: where they say 2 z, the odds are e^z."""
    rng = np.random.default_rng(0)
    true = rng.normal(size=n) * 3
    yes = rng.random(n) < 1 / (1 + np.exp(-true))
    return np.stack([np.zeros(n), 2 * true], axis=1), np.stack([~yes, yes], axis=1)


def test_logits_that_claim_too_much_are_calibrated() -> None:
    spec = finish(*draw_logits()).labeler.spec
    assert spec.calibration.scale == pytest.approx((0.5,), abs=0.03)


def test_the_rule_keeps_the_target_on_other_rows() -> None:
    logits, truth = draw_logits(6_000)
    member = finish(logits[:3_000], truth[:3_000], target=0.95)
    others = finish(logits[3_000:], truth[3_000:])
    found = decide(others.held_probabilities, member.labeler.spec)
    is_right = (found.chosen == truth[3_000:]).all(axis=1)
    assert is_right[found.is_auto].mean() > 0.95
    assert found.is_auto.mean() > 0.3
    assert is_right.mean() < 0.9


def test_where_the_target_cannot_be_reached_all_goes_to_review() -> None:
    lots = np.random.default_rng(0).normal(size=(300, 2))
    spec = finish(lots, np.eye(2, dtype=bool)[np.arange(300) % 2]).labeler.spec
    assert spec.decision.min_score is None


def test_a_linear_head_that_was_learned_elsewhere_becomes_a_labeler_that_can_be_stored() -> None:
    examples, vectors = draw_examples("multi_label")
    weights, bias = np.eye(3, 6) * 2, np.full(3, -2.0)
    logits = vectors.astype(float) @ weights.T + bias
    held = np.flatnonzero(examples.fold == 0)
    fit = LinearFit(weights, bias, held, logits[held], logits[examples.test], (), 1.5)
    member = finish_linear(
        examples,
        fit,
        source=SPACE,
        parameters={"pooling": "attention"},
        options=MemberOptions(title="learned"),
    )
    again = labeler_from_bytes(*labeler_to_bytes(member.labeler))
    found = predict(again, vectors[examples.test])
    np.testing.assert_allclose(found.probabilities, member.test_probabilities, atol=1e-6)
    assert again.spec.method == Method(name="linear", parameters={"pooling": "attention"})
    assert (len(again.spec.thresholds), member.seconds) == (3, 1.5)


def test_a_head_over_vectors_is_not_trained_on_texts_nor_the_other_way_round() -> None:
    examples, vectors = draw_examples()
    options = MemberOptions(title="wrong")
    with pytest.raises(ValueError, match=r"'tfidf' does not read vectors. Name one of logistic"):
        train_head(examples, vectors, source=SPACE, spec=HeadSpec(head="tfidf"), options=options)
    with pytest.raises(ValueError, match=r"'mlp' does not read texts. Name one of tfidf"):
        train_text_head(examples, spec=HeadSpec(head="mlp"), options=options)


def test_vectors_of_other_rows_are_refused() -> None:
    examples, vectors = draw_examples()
    with pytest.raises(ValueError, match=r"one vector for each of 120 examples; found .* \(119, 6"):
        train("mlp", examples, vectors[1:])


def test_rows_of_a_single_fold_are_refused() -> None:
    examples, vectors = draw_examples()
    one = Examples(
        examples.schema, examples.texts, examples.indicator, np.minimum(examples.fold, 0)
    )
    with pytest.raises(ValueError, match="all 96 training rows are of fold 0"):
        train("mlp", one, vectors)


def test_a_label_that_only_the_test_has_is_refused_by_name() -> None:
    examples, vectors = draw_examples()
    cows = examples.indicator[:, 2]
    fold = np.where(cows, -1, examples.fold)
    without = Examples(examples.schema, examples.texts, examples.indicator, fold)
    with pytest.raises(ValueError, match=r"no training row has the labels \['cow'\]"):
        train("logistic_regression", without, vectors)
