"""What can be asked of heads and ensembles, and what is refused before anything is trained."""

from typing import Any

import pytest
from pydantic import ValidationError

from labeling import EnsembleSpec, HeadSpec


def test_a_bare_name_is_enough() -> None:
    assert HeadSpec.model_validate("mlp") == HeadSpec(head="mlp")
    assert EnsembleSpec.model_validate("greedy") == EnsembleSpec(ensemble="greedy")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"head": "forest"}, "head 'forest' is not known; known: logistic_regression, linear_svm"),
        (
            {"head": "mlp", "parameters": {"depth": 3}},
            r"head 'mlp' has no parameters \['depth'\]; it has \['batch_rows',",
        ),
        ({"parameters": {"c": [0]}}, "head 'logistic_regression': c.0: .* greater than 0, found 0"),
        ({"parameters": {"c": []}}, "head 'logistic_regression': c: Tuple should have at least 1"),
        ({"head": "tfidf", "parameters": {"analyzer": "syllables"}}, "'tfidf': analyzer: "),
        (
            {"head": "prototype", "class_weight": "balanced"},
            "class_weight 'balanced': head 'prototype' has no class weights",
        ),
        ({"seed": -1}, "greater than or equal to 0"),
    ],
)
def test_a_head_that_makes_no_sense_is_refused(given: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        HeadSpec.model_validate(given)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("hard_vote", "ensemble 'hard_vote' is not known; known: soft_vote, simplex, stack"),
        (
            {"ensemble": "soft_vote", "parameters": {"c": [1]}},
            r"'soft_vote' has no parameters \['c'\]; it has none",
        ),
        ({"ensemble": "greedy", "parameters": {"rounds": 0}}, "'greedy': rounds: .* found 0"),
    ],
)
def test_an_ensemble_that_makes_no_sense_is_refused(given: Any, said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        EnsembleSpec.model_validate(given)
