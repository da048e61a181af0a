"""Vectors rounded to int8 and to bits, worked out by hand, and ranges that do not fit refused."""

from typing import Any

import numpy as np
import pytest
import torch
from sentence_transformers.util.quantization import quantize_embeddings

from embedding.views import PlannedPooling, View
from pooling import (
    Fitted,
    PoolingSpec,
    Ranges,
    Rounding,
    about_ranges,
    build_pooler,
    plan_rounding,
)

ENCODER = {"weights": "w", "prompt": ""}
INT8 = PoolingSpec(precision="int8", ranges="r")
RANGES = Ranges(torch.tensor([0.0, -2.55]), torch.tensor([255.0, 2.55]))


def rounding(ranges: Ranges = RANGES) -> Rounding:
    return Rounding("int8", 2, ranges)


def fitted(spec: PoolingSpec = INT8, **changes: Any) -> dict[str, Fitted]:
    return {"r": RANGES.to_fitted(about_ranges(spec, ENCODER) | changes)}


@pytest.mark.parametrize(
    ("vector", "stored", "restored"),
    [
        ([0.0, -2.55], [-128, -128], [0.0, -2.55]),
        ([255.0, 2.55], [127, 127], [255.0, 2.55]),
        ([100.4, 0.014], [-28, 0], [100.0, 0.01]),  # 0.02 a step: (0.014 + 2.55) / 0.02 = 128.2
        ([100.6, 0.016], [-27, 0], [101.0, 0.01]),  # rounded to the nearest step, not down
        ([-9.0, 9.0], [-128, 127], [0.0, 2.55]),  # outside the ranges: cut to them
    ],
)
def test_int8_is_the_nearest_of_256_steps(
    vector: list[float], stored: list[int], restored: list[float]
) -> None:
    found = rounding().round(torch.tensor([vector]))
    assert (found.dtype, found.tolist()) == (torch.int8, [stored])
    assert rounding().restore(found)[0].tolist() == pytest.approx(restored, abs=1e-5)


def test_no_value_inside_the_ranges_moves_by_more_than_half_a_step() -> None:
    generator = torch.Generator().manual_seed(0)
    share = torch.rand((1_000, 2), generator=generator)
    vectors = RANGES.minimum + share * (RANGES.maximum - RANGES.minimum)
    moved = rounding().restore(rounding().round(vectors)) - vectors
    assert (moved.abs() <= 0.5001 * RANGES.step).all()


def test_int8_is_that_of_sentence_transformers_but_for_its_rounding_down() -> None:
    vectors = np.random.default_rng(0).normal(size=(500, 2)).astype(np.float32)
    ranges = Ranges(torch.tensor([-2.0, -1.0]), torch.tensor([2.0, 1.5]))
    step = ranges.step.numpy()
    theirs = quantize_embeddings(
        vectors + step / 2, "int8", ranges=np.stack([ranges.minimum, ranges.maximum])
    )
    ours = rounding(ranges).round(torch.from_numpy(vectors)).numpy()
    assert (ours != theirs).mean() < 0.01  # float32 decides what is exactly half


def test_a_dimension_that_never_varies_is_restored_as_it_was() -> None:
    ranges = Ranges(torch.tensor([0.5, 0.0]), torch.tensor([0.5, 1.0]))
    stored = rounding(ranges).round(torch.tensor([[0.5, 0.0], [7.0, 1.0]]))
    assert rounding(ranges).restore(stored).tolist() == [[0.5, 0.0], [0.5, 1.0]]


def test_bits_are_the_signs_with_the_first_dimension_in_the_highest_bit() -> None:
    vector = torch.tensor([[1.0, -1, 0, 0, 0, 0, 0, 1e-9] + [0.0] * 7 + [3.0]])
    stored = Rounding("binary", 16).round(vector)
    assert (stored.dtype, stored.tolist()) == (torch.uint8, [[0b10000001, 1]])
    restored = Rounding("binary", 16).restore(stored)
    assert restored.tolist() == [[1.0] + [-1.0] * 6 + [1.0] + [-1.0] * 7 + [1.0]]


def test_bits_are_those_of_sentence_transformers() -> None:
    vectors = np.random.default_rng(0).normal(size=(100, 64)).astype(np.float32)
    ours = Rounding("binary", 64).round(torch.from_numpy(vectors)).numpy()
    assert (ours == quantize_embeddings(vectors, "ubinary")).all()


@pytest.mark.parametrize(
    ("precision", "width", "kind"),
    [("float32", 16, "f4"), ("float16", 16, "f2"), ("int8", 16, "i1"), ("binary", 2, "u1")],
)
def test_the_room_for_vectors_is_of_their_kind(precision: Any, width: int, kind: str) -> None:
    ranges = Ranges(torch.zeros(16), torch.ones(16))
    made = Rounding(precision, 16, ranges)
    room = made.room_for(3)
    assert (room.shape, room.dtype) == ((3, width), np.dtype(kind))
    assert made.round(torch.rand(3, 16)).numpy().dtype == room.dtype


@pytest.mark.parametrize("precision", ["float32", "float16", "int8", "binary"])
def test_a_vector_is_judged_before_it_is_rounded(precision: Any) -> None:
    ranges = Ranges(torch.full((8,), -1.0), torch.full((8,), 1.0))
    vectors = torch.tensor([[0.0], [1.0], [torch.nan], [torch.inf]]).expand(4, 8)
    assert finish(Rounding(precision, 8, ranges), vectors) == [True, False, True, True]


def test_a_vector_of_which_rounding_leaves_nothing_is_bad() -> None:
    ranges = Ranges(torch.zeros(8), torch.full((8,), 255.0))
    vectors = torch.tensor([[0.4], [0.6]]).expand(2, 8)
    assert finish(Rounding("int8", 8, ranges), vectors) == [True, False]
    assert finish(Rounding("float16", 8), vectors * 1e-8) == [True, True]


def finish(rounding: Rounding, vectors: torch.Tensor) -> list[bool]:
    """Which vectors are bad."""
    spec = PoolingSpec(normalize=False)
    view = View((0,), "mean", (), special_tokens=True, prompt_tokens=True)
    plan = PlannedPooling(spec, view, build_pooler(spec), (), rounding)
    return [bool(bad) for bad in plan.finish(vectors)[1]]


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ({"precision": "int8"}, "needs the ranges.*flows.fit_ranges"),
        ({"ranges": "r"}, "ranges 'r' with precision 'float32'.*leave them out"),
        ({"precision": "binary", "ranges": "r"}, "int8 alone"),
        ({"precision": "binary", "dimensions": 100}, "dimensions=100.*such as 104"),
    ],
)
def test_a_precision_that_cannot_be_is_refused(settings: Any, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        PoolingSpec(**settings)


def test_bits_that_fill_no_byte_are_refused() -> None:
    with pytest.raises(ValueError, match=r"found 20\. Set pooling\.dimensions to 16"):
        plan_rounding(PoolingSpec(precision="binary"), 20, ENCODER)


def test_ranges_of_the_same_vectors_are_taken() -> None:
    planned = plan_rounding(INT8, 2, ENCODER, fitted())
    assert planned.ranges is not None
    assert planned.ranges.maximum.tolist() == RANGES.maximum.tolist()


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({}, "ranges 'r' are not here; found none"),
        (fitted(encoder=ENCODER | {"prompt": "q: "}), "another encoder: prompt 'q: ', found ''"),
        (fitted(PoolingSpec(strategy="cls")), "another pooling: strategy 'cls', found 'mean'"),
        (
            fitted(PoolingSpec(normalize=False, dimensions=2)),
            "normalize False, found True; dimensions 2, found none",
        ),
        (fitted(kind="token counts"), "do not say which vectors they are of"),
        ({"r": Fitted({"minimum": RANGES.minimum})}, "do not say which vectors they are of"),
        ({"r": Fitted({"minimum": RANGES.minimum}, about_ranges(INT8, ENCODER))}, "minimum and a"),
    ],
)
def test_ranges_of_other_vectors_are_refused(given: dict[str, Fitted], problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        plan_rounding(INT8, 2, ENCODER, given)


def test_ranges_of_another_length_are_refused() -> None:
    with pytest.raises(ValueError, match="of 3 numbers each"):
        plan_rounding(INT8, 3, ENCODER, fitted())


def test_ranges_that_run_backwards_are_refused() -> None:
    backwards = Ranges(RANGES.maximum, RANGES.minimum).to_fitted(about_ranges(INT8, ENCODER))
    with pytest.raises(ValueError, match="from a smaller to a larger"):
        plan_rounding(INT8, 2, ENCODER, {"r": backwards})
