"""Rows and labels that nothing can be learned from: refused, or left out and counted.

Knows rows with labels and what a spec says of them. Each rule finds one trouble.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from labeling.preparing.labelled_rows import LabelledRows
from labeling.preparing.splits import SplitSpec

_SHOWN = 10
_SEPARATORS = (",", ";", "|")
_REMEDIES = {
    "missing_label": "Label them",
    "unknown_label": "Mend the names, list them in `labels`, or label rows to train on",
    "rare_label": "Label more rows, or merge labels",
}


@dataclass(frozen=True, slots=True)
class Exclusion:
    """Rows that did not become examples, or that lost a label of several.

    Attributes:
        reason: A name of EXCLUSIONS.
        count: How many rows.
        detail: A sentence with the labels or rows that it is about.
    """

    reason: str
    count: int
    detail: str


Rule = Callable[[LabelledRows, SplitSpec], tuple[LabelledRows, Exclusion | None]]


def exclude(rows: LabelledRows, spec: SplitSpec) -> tuple[LabelledRows, tuple[Exclusion, ...]]:
    """The rows and labels that can be used, and what was left out of them.

    Raises:
        ValueError: The spec refuses what was found, or what is left cannot be learned or tested.
    """
    found = []
    for rule in EXCLUSIONS.values():
        rows, exclusion = rule(rows, spec)
        found.append(exclusion)
    _expect_enough(rows)
    return rows, tuple(exclusion for exclusion in found if exclusion)


def _exclude_missing(rows: LabelledRows, spec: SplitSpec) -> tuple[LabelledRows, Exclusion | None]:
    missing = rows.labels.is_missing
    if not missing.any():
        return rows, None
    detail = (
        f"column {rows.column!r}: {missing.sum()} of {len(missing)} rows have no label, "
        f"the first is row {rows.place[missing.argmax()]}"
    )
    if missing.all():
        raise ValueError(f"{detail}. Label some of them.")
    _refuse(spec, "missing_label", detail)
    return rows.keep(~missing), Exclusion("missing_label", int(missing.sum()), detail)


def _exclude_contradictory(
    rows: LabelledRows, _spec: SplitSpec
) -> tuple[LabelledRows, Exclusion | None]:
    """Rows of one text must have one set of labels, or nobody knows which is meant."""
    signature = _signatures(rows)
    _, first, text = np.unique(rows.text, return_index=True, return_inverse=True)
    differs = np.bincount(text, signature != signature[first][text]) > 0
    contradictory = differs[text]
    if not contradictory.any():
        return rows, None
    detail = (
        f"column {rows.column!r}: {contradictory.sum()} rows hold {differs.sum()} texts that "
        f"have different labels in different rows, the first is row "
        f"{rows.place[contradictory.argmax()]}"
    )
    exclusion = Exclusion("contradictory", int(contradictory.sum()), detail)
    return rows.keep(~contradictory), exclusion


def _signatures(rows: LabelledRows) -> np.ndarray:
    """Equal where the sets of labels are: sums of a random number for each label."""
    numbers = np.random.default_rng(0).integers(1 << 62, size=len(rows.labels.names))
    sums = np.zeros(rows.labels.num_rows, np.int64)
    np.add.at(sums, rows.labels.row, numbers[rows.labels.label])
    return sums


def _exclude_also_in_test(
    rows: LabelledRows, _spec: SplitSpec
) -> tuple[LabelledRows, Exclusion | None]:
    """A split column wins, but what is tested on is not trained on."""
    if rows.is_test is None:
        return rows, None
    twice = ~rows.is_test & np.isin(rows.text, rows.text[rows.is_test])
    if not twice.any():
        return rows, None
    detail = f"{twice.sum()} rows to train on have a text that is tested on"
    return rows.keep(~twice), Exclusion("also_in_test", int(twice.sum()), detail)


def _exclude_unknown(rows: LabelledRows, spec: SplitSpec) -> tuple[LabelledRows, Exclusion | None]:
    """Labels that the spec does not list, or that the test alone has."""
    known = set(spec.labels or rows.labels.names)
    if rows.is_test is not None:
        seen, trained = rows.num_texts() > 0, rows.num_texts(~rows.is_test) > 0
        known -= {rows.labels.names[number] for number in np.flatnonzero(seen & ~trained)}
    unknown = [name for name in rows.labels.names if name not in known]
    names = [name for name in spec.labels or rows.labels.names if name in known]
    if not unknown:
        return rows.with_labels(names), None
    where = "not listed in `labels`, or not trained on" if spec.labels else "only in the test"
    return _without_labels(rows, names, unknown, spec, ("unknown_label", where))


def _exclude_rare(rows: LabelledRows, spec: SplitSpec) -> tuple[LabelledRows, Exclusion | None]:
    """Labels that too few texts have, or of a multi-label task that too few have not."""
    num_texts, least = rows.num_texts(), spec.min_label_rows
    is_rare = num_texts < least
    if rows.is_test is not None:
        is_rare |= rows.num_texts(~rows.is_test) < spec.num_folds
    if rows.labels.task == "multi_label":
        is_rare |= len(np.unique(rows.text)) - num_texts < least
    rare = [rows.labels.names[number] for number in np.flatnonzero(is_rare)]
    if not rare:
        return rows, None
    names = [name for name in rows.labels.names if name not in set(rare)]
    need = f"{least} are needed, {spec.num_folds} of them to train on"
    where = f"in too few different texts, or in all but too few ({need})"
    return _without_labels(rows, names, rare, spec, ("rare_label", where))


# In this order: who has no label contradicts nobody, and what is left out makes labels rarer.
EXCLUSIONS: dict[str, Rule] = {
    "missing_label": _exclude_missing,
    "contradictory": _exclude_contradictory,
    "also_in_test": _exclude_also_in_test,
    "unknown_label": _exclude_unknown,
    "rare_label": _exclude_rare,
}


def _without_labels(
    rows: LabelledRows,
    names: list[str],
    gone: list[str],
    spec: SplitSpec,
    why: tuple[str, str],
) -> tuple[LabelledRows, Exclusion]:
    """Only the labels `names` left; `why` is the reason and what is true of those that are gone."""
    reason, where = why
    num_rows = len(rows.labels.rows_with(gone))
    detail = f"column {rows.column!r}: labels {where}: {_list_labels(rows, gone)}"
    _refuse(spec, reason, detail + _hint(gone, rows))
    return rows.with_labels(names), Exclusion(reason, num_rows, detail)


def _refuse(spec: SplitSpec, reason: str, found: str) -> None:
    setting = f"on_{reason.removesuffix('_label')}"
    if getattr(spec, setting) == "refuse":
        raise ValueError(f"{found}. {_REMEDIES[reason]}, or set {setting} to drop.")


def _list_labels(rows: LabelledRows, names: list[str]) -> str:
    counts = np.bincount(rows.labels.label, minlength=len(rows.labels.names))
    by_name = dict(zip(rows.labels.names, counts.tolist(), strict=True))
    shown = ", ".join(f"{name!r} ({by_name.get(name, 0)} rows)" for name in names[:_SHOWN])
    return shown if len(names) <= _SHOWN else f"{shown} and {len(names) - _SHOWN} more"


def _hint(names: list[str], rows: LabelledRows) -> str:
    joined = [name for name in names if any(mark in name for mark in _SEPARATORS)]
    if rows.labels.task == "multi_label" or 2 * len(joined) < len(names):
        return ""
    return ". Many look like several labels in one: for a multi-label task make them lists"


def _expect_enough(rows: LabelledRows) -> None:
    names, tested = list(rows.labels.names), rows.is_test
    if len(names) < 2:  # noqa: PLR2004 - one label for all is nothing to choose from
        raise ValueError(
            f"column {rows.column!r}: {rows.labels.num_rows} rows with the labels {names} are "
            "left. A labeler needs two labels or more to learn from."
        )
    if tested is not None and not tested.any():
        raise ValueError(
            f"column {rows.column!r}: no usable row is left to test on. Label some of the test."
        )
