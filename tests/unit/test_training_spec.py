"""What is asked of a training is refused before it takes any time, where it does not fit."""

from typing import Any

import pytest

from tasks.training.request import TrainingSpec

BOTH = {"learned": ("attention",), "fine_tuned": ("mean",)}


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (
            {**BOTH, "learning": {"validation_fold": 1}},
            r"hold out different folds, \[0, 1\].*one validation_fold",
        ),
        (
            {"learned": ("attention",), "learning": {"validation_fold": 3}},
            "validation_fold=3, but there are 3 folds",
        ),
        ({"learned": ("mean",)}, "has nothing to learn. Name it in poolings"),
        ({"descriptions": {"food": "something to eat"}}, "no head reads them"),
    ],
)
def test_a_training_that_does_not_fit_is_refused(asked: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        TrainingSpec.model_validate(asked)


def test_a_fold_that_nothing_is_learned_with_may_be_any() -> None:
    TrainingSpec.model_validate({"fine_tuned": ("mean",), "learning": {"validation_fold": 7}})
