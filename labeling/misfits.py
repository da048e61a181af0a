"""Refuse a labeler where it does not fit, and say what differs. Knows specs, no arrays."""

from labeling.labeler import LabelerSpec, Source
from labeling.schema import LabelSchema


def refuse_misfit(
    spec: LabelerSpec, *, schema: LabelSchema | None = None, source: Source | None = None
) -> None:
    """Refuse a labeler of other labels, or that reads something else, than is asked for.

    Raises:
        ValueError: With everything that differs.
    """
    found = []
    if schema is not None:
        found += schema_differences(schema, spec.label_schema)
    if source is not None:
        found += _source_differences(source, spec.source)
    if found:
        raise ValueError(
            f"labeler {spec.title!r} does not fit: {'; '.join(found)}. Name another labeler, or "
            "train this one again."
        )


def schema_differences(expected: LabelSchema, found: LabelSchema) -> list[str]:
    """What is different about the labels that were found; nothing where they are the same."""
    differences = []
    if found.task != expected.task:
        differences.append(f"task: expected {expected.task}, found {found.task}")
    if lacking := sorted(set(expected.labels) - set(found.labels)):
        differences.append(f"it lacks the labels {lacking}")
    if unknown := sorted(set(found.labels) - set(expected.labels)):
        differences.append(f"it has labels besides: {unknown}")
    if not differences and found.labels != expected.labels:
        differences.append(
            f"labels in another order: expected {list(expected.labels)}, found {list(found.labels)}"
        )
    return differences


def _source_differences(expected: Source, found: Source) -> list[str]:
    if found.kind != expected.kind:
        return [f"it reads {_READS[found.kind]}, not {_READS[expected.kind]}"]
    if found.kind == "space" and expected.kind == "space" and found.space != expected.space:
        return [
            f"it reads the space {found.name} ({found.space[:8]}), not {expected.name} "
            f"({expected.space[:8]})"
        ]
    if found.kind == "members" and expected.kind == "members" and found != expected:
        return [f"its members are {list(found.labelers)}, not {list(expected.labelers)}"]
    return []


_READS = {
    "space": "the vectors of a space",
    "text": "texts",
    "members": "the probabilities of other labelers",
}
