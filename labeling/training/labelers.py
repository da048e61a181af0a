"""Train a labeler: on the vectors of a space, on texts, or on what other labelers say.

Knows examples and their inputs in memory, and the kinds of heads. Knows no encoder and no store.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import reduce

import numpy as np
from pydantic import JsonValue, TypeAdapter

from labeling.examples import Examples
from labeling.heads.head_kind import HeadKind, TrainingRows, take
from labeling.labeler import Inputs, Member, MembersSource, Method, SpaceSource, TextSource
from labeling.training.cross_fitting import cross_fit, folds_of
from labeling.training.head_spec import EnsembleSpec, HeadSpec, MemberOptions
from labeling.training.members import HeadFit, finish_member
from labeling.training.trainable import (
    refuse_few_folds,
    refuse_other_head,
    refuse_other_members,
    refuse_prototypes,
    refuse_unseen_labels,
    refuse_wrong_rows,
)


def train_head(
    examples: Examples,
    vectors: np.ndarray,
    *,
    source: SpaceSource,
    spec: HeadSpec,
    options: MemberOptions,
    prototypes: np.ndarray | None = None,
) -> Member:
    """A labeler over the vectors of a space, one row for each example.

    `prototypes`: a vector of each label's description in the same space, for a head that is made
    of them; then a label needs no labelled text, and there may be none at all.

    Raises:
        ValueError: The head reads something else, or cannot be learned from these examples.
    """
    refuse_other_head(spec, "vectors")
    refuse_wrong_rows(examples, vectors)
    refuse_prototypes(examples, spec, prototypes)
    fit = _fit_head(examples, vectors, spec, prototypes)
    return finish_member(examples, fit, source=source, options=options)


def train_text_head(examples: Examples, *, spec: HeadSpec, options: MemberOptions) -> Member:
    """A labeler over the texts themselves.

    Raises:
        ValueError: The head reads something else, or cannot be learned from these examples.
    """
    refuse_other_head(spec, "texts")
    refuse_unseen_labels(examples)
    fit = _fit_head(examples, examples.texts, spec, None)
    return finish_member(examples, fit, source=TextSource(), options=options)


def train_ensemble(
    examples: Examples,
    members: Mapping[str, Member],
    *,
    spec: EnsembleSpec,
    options: MemberOptions,
) -> Member:
    """A labeler over the probabilities of others, by the names under which they are stored.

    It learns from the training rows of which all members were asked without having seen them, so
    that a member that has only memorised gains nothing. It is calibrated on rows that it has not
    seen itself either: voting spoils calibration.

    Raises:
        ValueError: The members are of other labels or examples, or have no such rows in common.
    """
    refuse_other_members(examples, members)
    started = time.perf_counter()
    held = reduce(np.intersect1d, [member.held for member in members.values()])
    votes = np.stack(
        [
            member.held_probabilities[np.searchsorted(member.held, held)]
            for member in members.values()
        ],
        axis=1,
    )
    rows = TrainingRows(examples.schema, votes, examples.indicator[held])
    test = np.stack([member.test_probabilities for member in members.values()], axis=1)
    asked = _Asked(spec.ensemble, spec.kind, rows, folds_of(examples, held), test)
    fit = _fit(asked, held, {}, started)
    source = MembersSource(labelers=tuple(members))
    return finish_member(examples, fit, source=source, options=options)


@dataclass(frozen=True, slots=True)
class _Asked:
    """What is to be fitted, to what, and of which inputs it is asked in the end."""

    name: str
    kind: HeadKind
    rows: TrainingRows
    fold: np.ndarray
    test: Inputs


def _fit_head(
    examples: Examples, inputs: Inputs, spec: HeadSpec, prototypes: np.ndarray | None
) -> HeadFit:
    started = time.perf_counter()
    train = examples.train
    refuse_few_folds(examples.fold[train])
    rows = TrainingRows(
        examples.schema,
        take(inputs, train),
        examples.indicator[train],
        class_weight=spec.class_weight,
        seed=spec.seed,
        prototypes=prototypes,
    )
    test = take(inputs, examples.test)
    asked = _Asked(spec.head, spec.kind, rows, examples.fold[train], test)
    stated: dict[str, JsonValue] = {"class_weight": spec.class_weight, "seed": spec.seed}
    return _fit(asked, train, stated, started)


def _fit(asked: _Asked, held: np.ndarray, stated: dict[str, JsonValue], started: float) -> HeadFit:
    """The fitted head; the method says what was chosen, and what was stated besides."""
    found = cross_fit(asked.kind, asked.rows, asked.fold)
    parameters = TypeAdapter(type(found.kind)).dump_python(found.kind, mode="json")
    return HeadFit(
        method=Method(name=asked.name, parameters={**parameters, **stated}),
        head=found.head,
        held=held,
        held_logits=found.logits,
        test_logits=found.head.logits(asked.test),
        seconds=time.perf_counter() - started,
    )
