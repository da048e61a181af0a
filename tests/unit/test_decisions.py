"""Which labels a document gets, and when nobody needs to look at it."""

import numpy as np
import pytest

import labeling.training.members
from labeling import (
    Calibration,
    DecisionRule,
    HeadSpec,
    LabelerSpec,
    LabelSchema,
    MemberOptions,
    Method,
    TextSource,
    decide,
    fit_decision,
    train_head,
    wilson_interval,
)
from labeling.schema import Task
from tests.labelled import SPACE, draw_examples


def spec(task: Task, min_score: float | None, thresholds: tuple[float, ...] = ()) -> LabelerSpec:
    return LabelerSpec(
        title="test",
        label_schema=LabelSchema(task=task, labels=("a", "b", "c")),
        source=TextSource(),
        method=Method(name="tfidf"),
        calibration=Calibration(),
        thresholds=thresholds,
        decision=DecisionRule(target_precision=0.9, min_score=min_score),
    )


def test_a_document_gets_its_most_probable_label_and_of_equals_the_first() -> None:
    said = decide(
        np.array([[0.2, 0.7, 0.1], [0.4, 0.4, 0.2]], np.float32), spec("single_label", 0.5)
    )

    assert said.chosen.tolist() == [[False, True, False], [True, False, False]]
    assert said.score == pytest.approx([0.7, 0.4])
    assert said.is_auto.tolist() == [True, False]


def test_several_labels_are_those_that_reach_their_thresholds() -> None:
    rows = np.array([[0.4, 0.9, 0.1], [0.3, 0.1, 0.2]], np.float32)
    said = decide(rows, spec("multi_label", 0.35, (0.4, 0.5, 0.5)))

    assert said.chosen.tolist() == [[True, True, False], [False, False, False]]
    assert said.score == pytest.approx([0.4, 0.7])  # the least sure: yes to a, no to a
    assert said.is_auto.tolist() == [True, True]  # "none of these" is an answer


def test_without_a_score_that_is_trusted_all_goes_to_review() -> None:
    said = decide(np.array([[1.0, 0.0, 0.0]], np.float32), spec("single_label", None))

    assert said.is_auto.tolist() == [False]


def test_no_rows_get_no_decisions() -> None:
    assert decide(np.empty((0, 3), np.float32), spec("single_label", 0.5)).score.shape == (0,)


@pytest.mark.parametrize(
    ("successes", "n", "low", "high"),
    [(8, 10, 0.490, 0.943), (0, 10, 0.0, 0.278), (10, 10, 0.722, 1.0), (0, 0, 0.0, 1.0)],
)
def test_wilson_intervals_are_those_of_the_tables(
    successes: int, n: int, low: float, high: float
) -> None:
    assert wilson_interval(successes, n) == pytest.approx((low, high), abs=5e-4)


def test_a_rule_takes_the_lowest_score_whose_bound_holds() -> None:
    """1,000 of 1,000 right at 0.9; 500 more at 0.5, of which half are right, spoil the bound."""
    score = np.array([0.9] * 1000 + [0.5] * 500, np.float32)
    right = np.array([True] * 1000 + [True, False] * 250)

    assert fit_decision(score, right, 0.9).min_score == pytest.approx(0.9)
    assert fit_decision(score, right, 0.8).min_score == pytest.approx(0.5)
    assert fit_decision(score, ~right, 0.8).min_score is None


def test_no_documents_and_ten_documents_prove_nothing() -> None:
    assert fit_decision(np.empty(0), np.empty(0, bool), 0.9).min_score is None
    assert fit_decision(np.linspace(0.9, 1, 10), np.ones(10, bool), 0.9).min_score is None


def test_the_target_is_met_on_new_documents_in_9_of_10_samples() -> None:
    """Scores are right as often as they say; a quarter as many documents are new."""
    rng = np.random.default_rng(0)
    met, shares = [], []
    for _ in range(200):
        score = rng.beta(3, 1, size=5000)
        right = rng.random(5000) < score
        least = fit_decision(score[:4000], right[:4000], 0.9).min_score or 1.0
        is_auto = score[4000:] >= least
        met.append(right[4000:][is_auto].mean() >= 0.9)
        shares.append(is_auto.mean())

    assert np.mean(met) >= 0.9
    assert np.mean(shares) >= 0.3  # 0.49 if the true curve were known


def test_a_text_counts_once_for_the_rule_however_many_rows_have_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    examples, vectors = draw_examples()
    told = []

    def tell(score: np.ndarray, is_right: np.ndarray, target: float) -> DecisionRule:
        told.append((len(score), len(is_right)))
        return fit_decision(score, is_right, target)

    monkeypatch.setattr(labeling.training.members, "fit_decision", tell)
    train_head(
        examples,
        vectors,
        source=SPACE,
        spec=HeadSpec(head="logistic_regression"),
        options=MemberOptions(title="once"),
    )

    distinct = len({examples.texts[place] for place in examples.train})
    assert distinct < len(examples.train)
    assert told == [(distinct, distinct)]
