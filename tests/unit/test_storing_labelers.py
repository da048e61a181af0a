"""What is refused when a labeler is read, and what is refused of one that does not fit."""

from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load, save

from labeling import (
    LabelSchema,
    MembersSource,
    SpaceSource,
    TextSource,
    labeler_from_bytes,
    labeler_to_bytes,
    refuse_misfit,
)
from tests.labelled import SPACE, draw_examples, train

Stored = tuple[dict[str, Any], bytes]


@pytest.fixture(scope="module")
def linear() -> Stored:
    return labeler_to_bytes(train("logistic_regression", *draw_examples()).labeler)


@pytest.fixture(scope="module")
def stacked() -> Stored:
    return labeler_to_bytes(train("stack", *draw_examples("multi_label")).labeler)


def test_the_tensors_of_a_linear_head_are_weights_and_bias(linear: Stored) -> None:
    found = {name: (array.shape, array.dtype.name) for name, array in load(linear[1]).items()}
    assert found == {"weights": ((3, 6), "float32"), "bias": ((3,), "float32")}


def test_the_method_says_what_was_chosen(linear: Stored) -> None:
    method = linear[0]["method"]
    assert method["name"] == "logistic_regression"
    assert len(method["parameters"]["c"]) == 1


def test_tensors_of_other_labels_are_refused(linear: Stored) -> None:
    about, tensors = linear
    wider = about | {"label_schema": {"task": "single_label", "labels": ["a", "b", "c", "d"]}}
    with pytest.raises(ValueError, match="tensor 'weights': expected 4 labels; found 3"):
        labeler_from_bytes(wider, tensors)


def test_tensors_of_another_head_are_refused(linear: Stored) -> None:
    about, tensors = linear
    other = about | {"method": {"name": "prototype", "parameters": {}}}
    with pytest.raises(ValueError, match=r"expected tensors \['prototypes'\]; found \['bias', 'w"):
        labeler_from_bytes(other, tensors)


def test_an_unknown_method_is_refused_with_those_that_are_known(linear: Stored) -> None:
    about, tensors = linear
    other = about | {"method": {"name": "oracle", "parameters": {}}}
    with pytest.raises(ValueError, match=r"method 'oracle' of source 'space' .* prototype, linear"):
        labeler_from_bytes(other, tensors)


def test_an_ensemble_of_other_members_is_refused(stacked: Stored) -> None:
    about, tensors = stacked
    fewer = about | {"source": {"kind": "members", "labelers": ["all", "first"]}}
    with pytest.raises(ValueError, match="tensor 'weights': expected 2 members; found 3"):
        labeler_from_bytes(fewer, tensors)


def test_thresholds_of_other_labels_are_refused(stacked: Stored) -> None:
    about, tensors = stacked
    with pytest.raises(ValueError, match=r"thresholds: found 2 for 3 labels; expected \[3\]"):
        labeler_from_bytes(about | {"thresholds": [0.5, 0.5]}, tensors)


def test_a_calibration_of_other_labels_is_refused(stacked: Stored) -> None:
    about, tensors = stacked
    wrong = about | {"calibration": {"scale": [1.0, 1.0], "shift": [0.0]}}
    with pytest.raises(ValueError, match=r"calibration.scale: found 2 .* expected \[1, 3\]"):
        labeler_from_bytes(wrong, tensors)


def test_something_else_than_a_labeler_is_refused(linear: Stored) -> None:
    with pytest.raises(ValueError, match="not a labeler: title: Field required"):
        labeler_from_bytes({"kind": "labeler"}, linear[1])


def test_bytes_that_are_cut_off_are_refused(linear: Stored) -> None:
    about, tensors = linear
    with pytest.raises(ValueError, match=r"labeler 'logistic_regression': .* Train it again"):
        labeler_from_bytes(about, tensors[:-1])


def test_a_tensor_of_another_shape_is_refused(linear: Stored) -> None:
    about, _ = linear
    flat = save({"weights": np.zeros(18, np.float32), "bias": np.zeros(3, np.float32)})
    with pytest.raises(ValueError, match=r"'weights': expected \('labels', 'dimension'\); found"):
        labeler_from_bytes(about, flat)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"schema": LabelSchema(task="single_label", labels=("ant", "dog"))}, "lacks the labels"),
        ({"schema": LabelSchema(task="single_label", labels=("ant", "bee"))}, "labels besides"),
        (
            {"schema": LabelSchema(task="single_label", labels=("cow", "bee", "ant"))},
            r"labels in another order: expected \['cow', 'bee', 'ant'\], found \['ant', 'bee'",
        ),
        (
            {"schema": LabelSchema(task="multi_label", labels=("ant", "bee", "cow"))},
            "task: expected multi_label, found single_label",
        ),
        ({"source": SpaceSource(space="1" * 64, name="other")}, r"reads the space small-mean-0"),
        ({"source": TextSource()}, "reads the vectors of a space, not texts"),
        ({"source": MembersSource(labelers=("a", "b"))}, "not the probabilities of other labelers"),
    ],
)
def test_a_labeler_that_does_not_fit_is_refused_with_what_differs(
    linear: Stored, asked: dict[str, Any], said: str
) -> None:
    spec = labeler_from_bytes(*linear).spec
    refuse_misfit(spec, schema=spec.label_schema, source=SPACE)  # this fits
    with pytest.raises(ValueError, match=f"'logistic_regression' does not fit: .*{said}"):
        refuse_misfit(spec, **asked)
