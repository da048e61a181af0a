"""Find the ranges that a pooling names, and refuse those of other vectors. Knows no encoder.

Ranges of other vectors would cut most values off, without any error: so what was fitted says of
which encoder and pooling it is, and both must be the same.
"""

from collections.abc import Mapping

import torch
from pydantic import JsonValue

from pooling.differences import name_differences
from pooling.filling import find_fitted, kind_of
from pooling.fitted import Fitted, FittedByName
from pooling.precision import Ranges, Rounding
from pooling.spec import NEUTRAL, PoolingSpec

_REMEDY = "Fit them for these vectors: python -m flows.fit_ranges --help."


def without_precision(spec: PoolingSpec) -> PoolingSpec:
    """The same pooling in float32: what ranges are fitted on, and what a query is encoded in."""
    return spec.model_copy(update={"precision": "float32", "ranges": None})


def about_ranges(spec: PoolingSpec, encoder: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """Which vectors ranges are of: those of this pooling, by the encoder of this identity."""
    return {
        "kind": "ranges",
        "encoder": dict(encoder),
        "pooling": without_precision(spec).identity(),
    }


def plan_rounding(
    spec: PoolingSpec,
    dimension: int,
    encoder: Mapping[str, JsonValue],
    fitted: FittedByName | None = None,
) -> Rounding:
    """How vectors of this length are stored, with the ranges that the spec names.

    Raises:
        ValueError: They do not fill whole bytes, or the ranges are missing or of other vectors.
    """
    if spec.precision == "binary" and dimension % 8:
        raise ValueError(
            f"pooling {spec.strategy!r}: precision 'binary' packs 8 dimensions into a byte; found "
            f"{dimension}. Set pooling.dimensions to {dimension - dimension % 8 or 'more'}."
        )
    if spec.ranges is None:
        return Rounding(spec.precision, dimension)
    found = find_fitted(spec, "ranges", spec.ranges, fitted or {})
    _refuse_other_vectors(spec, found, about_ranges(spec, encoder))
    return Rounding(spec.precision, dimension, _read(spec, dimension, found))


def _refuse_other_vectors(
    spec: PoolingSpec, found: Fitted, wanted: Mapping[str, JsonValue]
) -> None:
    what = _name(spec, found)
    if kind_of(found) != "ranges":
        raise ValueError(f"{what} are {kind_of(found)}, not ranges. {_REMEDY}")
    if found.about.get("kind") != wanted["kind"]:
        raise ValueError(f"{what} do not say which vectors they are of. {_REMEDY}")
    for part in ("encoder", "pooling"):
        is_of, is_for = found.about.get(part), wanted[part]
        assert isinstance(is_for, dict)
        known = is_of if isinstance(is_of, dict) else {}
        neutral = {name: NEUTRAL.get(name) for name in {**known, **is_for}}
        if words := name_differences(neutral | known, neutral | is_for):
            raise ValueError(f"{what} are of another {part}: {'; '.join(words)}. {_REMEDY}")


def _name(spec: PoolingSpec, found: Fitted) -> str:
    return f"pooling {spec.strategy!r}: the ranges {found.called(spec.ranges or '')!r}"


def _read(spec: PoolingSpec, dimension: int, found: Fitted) -> Ranges:
    shapes = {name: tuple(tensor.shape) for name, tensor in found.tensors.items()}
    if shapes != {"minimum": (dimension,), "maximum": (dimension,)}:
        raise ValueError(
            f"{_name(spec, found)} hold {shapes}; this needs a "
            f"minimum and a maximum of {dimension} numbers each. {_REMEDY}"
        )
    ranges = Ranges(found.tensors["minimum"].float(), found.tensors["maximum"].float())
    if not bool(torch.isfinite(ranges.step).all() and (ranges.step >= 0).all()):
        raise ValueError(
            f"{_name(spec, found)} do not run from a smaller to "
            f"a larger number in every dimension. {_REMEDY}"
        )
    return ranges
