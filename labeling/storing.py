"""A labeler as JSON and safetensors, and back. Knows bytes, no file; nothing is ever unpickled."""

from collections.abc import Callable, Mapping

import numpy as np
from pydantic import JsonValue, ValidationError
from safetensors import SafetensorError
from safetensors.numpy import load, save

from labeling.heads.head_kind import HeadSetting
from labeling.heads.linear_head import restore_linear
from labeling.heads.tables import ENSEMBLES, HEADS, TEXT_HEADS
from labeling.labeler import Head, Labeler, LabelerSpec

Restore = Callable[[Mapping[str, np.ndarray], HeadSetting], Head]

# By what a labeler reads, and its method. "linear": learned together with a pooling or an encoder.
_RESTORES: dict[str, dict[str, Restore]] = {
    "space": {name: kind().restore for name, kind in HEADS.items()} | {"linear": restore_linear},
    "text": {name: kind().restore for name, kind in TEXT_HEADS.items()},
    "members": {name: kind().restore for name, kind in ENSEMBLES.items()},
}


def labeler_to_bytes(labeler: Labeler) -> tuple[dict[str, JsonValue], bytes]:
    """What it is, as JSON, and its tensors as a safetensors file: equal labelers, equal bytes."""
    tensors = {
        name: np.ascontiguousarray(tensor) for name, tensor in labeler.head.tensors().items()
    }
    return labeler.spec.model_dump(mode="json"), save(tensors)


def labeler_from_bytes(about: Mapping[str, JsonValue], tensors: bytes) -> Labeler:
    """What `labeler_to_bytes` wrote.

    Raises:
        ValueError: Something does not fit; it says what.
    """
    try:
        spec = LabelerSpec.model_validate(about)
    except ValidationError as error:
        faults = "; ".join(
            f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in error.errors()
        )
        raise ValueError(f"not a labeler: {faults}. Train it again.") from error
    try:
        _refuse_wrong_counts(spec)
        head = _restore(spec)(load(tensors), _setting(spec))
    except (SafetensorError, ValueError) as error:
        raise ValueError(f"labeler {spec.title!r}: {error}. Train it again.") from error
    return Labeler(spec, head)


def _setting(spec: LabelerSpec) -> HeadSetting:
    source = spec.source
    num_members = len(source.labelers) if source.kind == "members" else 0
    return HeadSetting(spec.label_schema, num_members)


def _restore(spec: LabelerSpec) -> Restore:
    known = _RESTORES[spec.source.kind]
    if spec.method.name not in known:
        raise ValueError(
            f"method {spec.method.name!r} of source {spec.source.kind!r} is not known; known: "
            f"{', '.join(known)}"
        )
    return known[spec.method.name]


def _refuse_wrong_counts(spec: LabelerSpec) -> None:
    """Refuse thresholds or a calibration of other labels."""
    num_labels = len(spec.label_schema.labels)
    num_thresholds = num_labels if spec.label_schema.task == "multi_label" else 0
    found = {
        "thresholds": (len(spec.thresholds), {num_thresholds}),
        "calibration.scale": (len(spec.calibration.scale), {1, num_labels}),
        "calibration.shift": (len(spec.calibration.shift), {1, num_labels}),
    }
    for name, (count, possible) in found.items():
        if count not in possible:
            raise ValueError(
                f"{name}: found {count} for {num_labels} labels; expected {sorted(possible)}"
            )
