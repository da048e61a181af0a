"""What compare-poolings says in one sentence follows from the tests."""

import pytest

from tasks.comparing.comparison import Comparison, SeedControl
from tasks.comparing.recommendation import chosen, recommend
from tests.comparisons import comparison, paired

STACK_BY_CHANCE = (paired("stack", "mean", 0.01, 0.4), paired("mean", "words", 0.05, 1e-4))
NOT_THE_ENCODER = (paired("stack", "mean", 0.05, 1e-9), paired("mean", "words", -0.03, 1e-4))
MAX_LEADS = (paired("stack", "mean", 0.05, 1e-9), paired("cls", "mean", 0.02, 1e-3))


def test_it_is_one_sentence() -> None:
    said = recommend(comparison())

    assert said.startswith("Use stack: 85.0 % of the test documents right; ")
    assert said.count(". ") == 0
    assert said.endswith(".")


def test_an_ensemble_is_recommended_for_what_it_gains() -> None:
    assert "5.0 points better than the best single labeler, mean (p = 1e-9)" in recommend(
        comparison()
    )


def test_an_ensemble_that_gains_nothing_beyond_chance_is_not_recommended() -> None:
    found = comparison(tests=STACK_BY_CHANCE)

    assert chosen(found) == "mean"
    assert "no ensemble is better beyond chance (the best, stack: +1.0 points, p = 0.4)" in (
        recommend(found)
    )


def test_words_that_beat_the_encoder_are_named() -> None:
    said = recommend(comparison(tests=NOT_THE_ENCODER))

    assert "words beats the encoder here, by 3.0 points over mean (p = 1e-4)" in said


def test_what_the_encoder_is_worth_is_said() -> None:
    assert "the encoder is worth 5.0 points over words (p = 1e-4)" in recommend(comparison())


@pytest.mark.parametrize(
    ("dense", "said"),
    [
        ("mean", "out of fold no pooling does better than mean"),
        ("cls", "cls is 2.0 points better than mean"),
    ],
)
def test_what_the_pooling_is_worth_is_said(dense: str, said: str) -> None:
    assert said in recommend(comparison(dense=dense, tests=MAX_LEADS))


@pytest.mark.parametrize(
    ("difference", "p_value", "said"),
    [
        (-0.007, 0.5, "gains no more than voting over seeds of one (-0.7 points, p = 0.5)"),
        (0.03, 1e-5, "voting over poolings is 3.0 points better than voting over seeds of one"),
    ],
)
def test_what_different_poolings_are_worth_is_judged_by_seeds_of_one(
    difference: float, p_value: float, said: str
) -> None:
    control = SeedControl(
        poolings="stack", seeds="mean", test=paired("stack", "mean", difference, p_value)
    )

    assert said in recommend(comparison(seed_control=control))


def test_a_multi_label_task_is_judged_by_micro_f1() -> None:
    assert "Use stack: micro F1 85.0 % on the test documents" in recommend(
        comparison(task="multi_label")
    )


def test_a_comparison_names_only_labelers_that_it_has() -> None:
    with pytest.raises(ValueError, match="single"):
        Comparison.model_validate(comparison().model_dump() | {"single": "single"})
