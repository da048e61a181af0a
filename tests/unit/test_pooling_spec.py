"""What a pooling spec accepts, refuses and shows in a form."""

import json
import math
from typing import Any

import pytest
from pydantic import ValidationError

from pooling import POOLERS, PoolingSpec


def test_a_bare_name_is_a_spec() -> None:
    assert PoolingSpec.model_validate("max") == PoolingSpec(strategy="max")


def test_a_spec_survives_json() -> None:
    spec = PoolingSpec(strategy="max_min", layers=(-2, -1), combine="concat", dimensions=64)
    assert PoolingSpec.model_validate_json(spec.model_dump_json()) == spec


def test_layers_are_a_json_list() -> None:
    assert json.loads(PoolingSpec(layers=(0, -1)).model_dump_json())["layers"] == [0, -1]


@pytest.mark.parametrize("given", [{}, {"p": 3}, {"p": 3.0}])
def test_a_parameter_left_out_or_written_out_is_the_same_spec(given: dict[str, float]) -> None:
    spec = PoolingSpec.model_validate({"strategy": "gem", "parameters": given})
    assert '"parameters":{"p":3.0}' in spec.model_dump_json()


@pytest.mark.parametrize("name", POOLERS)
def test_the_spec_of_every_strategy_survives_json(name: str) -> None:
    spec = PoolingSpec(strategy=name)
    assert PoolingSpec.model_validate_json(spec.model_dump_json()) == spec


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"strategy": "average"}, "'average' is not known; known: cls, mean, max"),
        ({"parameters": {"p": 3.0}}, r"'mean' has no parameters \['p'\]"),
        (
            {"strategy": "gem", "parameters": {"p": 0.5}},
            "pooling 'gem': p: Input should be greater than or equal to 1, found 0.5",
        ),
        ({"strategy": "top_k_mean", "parameters": {"k": 0}}, "k: .*greater than or equal to 1"),
        ({"strategy": "top_k_mean", "parameters": {"k": 2.5}}, "k: .*valid integer.*found 2.5"),
        ({"strategy": "gem", "parameters": {"p": math.inf}}, "p: Input should be a finite number"),
        ({"strategy": "cls", "special_tokens": False}, "special_tokens=False.*Leave both on"),
        ({"strategy": "cls", "prompt_tokens": False}, "prompt_tokens=False.*Leave both on"),
        ({"strategy": "pooler", "special_tokens": False}, "'pooler' reads the special token"),
        ({"strategy": "pooler", "layers": [-2]}, r"reads the last layer; found layers \[-2\]"),
        ({"strategy": "pooler", "over_windows": "attention"}, r"'pooler'.*cannot be trained"),
        ({"layers": [-1, -1]}, "each at most once"),
        ({"layers": []}, "at least 1"),
        ({"mix_weights": [1.0]}, r"mix_weights \[1.0\] with combine='mean'. Set combine to 'mix'"),
        ({"combine": "mix"}, r"combine='mix' of one layer, \[-1\]. Name several layers"),
        ({"combine": "mix", "mix_weights": [2]}, r"combine='mix' of one layer, \[-1\]"),
        (
            {"weights": "w-12345678"},
            "'w-12345678', but pooling 'mean' with these settings has none",
        ),
        ({"combine": "mix", "layers": [0, 1], "mix_weights": [1]}, r"layers \[0, 1\].*found \[1"),
        ({"combine": "mix", "layers": [0, 1], "mix_weights": [0, 0]}, "not all 0"),
        ({"combine": "mix", "layers": [0, 1], "mix_weights": [2, -1]}, "greater than or equal"),
        ({"dimensions": 0}, "greater than or equal to 1"),
        ({"precision": "int4"}, "'float32', 'float16', 'int8' or 'binary'"),
        ({"precision": "int8"}, "'int8' needs the ranges of the values"),
        (
            {"strategy": "hierarchical_attention", "over_windows": "max"},
            "has its own way over windows; found over_windows='max'. Leave over_windows out",
        ),
        ({"strategy": "text_cnn", "parameters": {"widths": 0}}, "widths: .*equal to 1, found 0"),
        (
            {"strategy": "bilstm", "parameters": {"size": 8}},
            r"'bilstm' has no parameters \['size'\]; it has \['units'\]",
        ),
        ({"normalise": True}, "Extra inputs are not permitted"),
    ],
)
def test_nonsense_is_refused_when_the_spec_is_built(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        PoolingSpec.model_validate(fields)


def test_the_form_offers_every_strategy_and_explains_every_field() -> None:
    properties = PoolingSpec.model_json_schema()["properties"]
    assert properties["strategy"]["enum"] == list(POOLERS)
    assert all(field["description"].endswith(".") for field in properties.values())


def test_the_identity_of_the_default_is_that_of_version_0_1() -> None:
    assert PoolingSpec().identity() == {
        "strategy": "mean",
        "parameters": {},
        "layers": [-1],
        "combine": "mean",
        "special_tokens": True,
        "prompt_tokens": True,
        "dense": False,
        "normalize": True,
        "dimensions": None,
        "precision": "float32",
    }


def test_a_setting_that_came_later_is_identity_once_it_is_used() -> None:
    one, other = (
        PoolingSpec(layers=(0, -1), combine="mix", mix_weights=weights).identity()
        for weights in ((1.0, 3.0), (3.0, 1.0))
    )
    assert one["mix_weights"] == [1.0, 3.0]
    assert one != other


def test_an_identity_is_enough_to_make_the_spec_again() -> None:
    mix = PoolingSpec(layers=(0, -1), combine="mix", mix_weights=(1.0, 3.0))
    learned = PoolingSpec(strategy="self_attentive", weights="reviews-12345678")
    for spec in (PoolingSpec(), PoolingSpec(strategy="gem"), mix, learned):
        assert PoolingSpec.model_validate(spec.identity()) == spec
