"""What holds of every ensemble in the table: who votes, and what a vote may learn from."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pytest

from labeling import (
    ENSEMBLES,
    EnsembleSpec,
    Examples,
    Head,
    Inputs,
    Member,
    MemberOptions,
    Task,
    decide,
    train_ensemble,
)
from labeling.heads.head_kind import HeadKind, HeadSetting, TrainingRows
from labeling.training.cross_fitting import cross_fit
from labeling.training.members import HeadFit, finish_member
from tests.labelled import SPACE, TASKS, draw_examples, simple_members, train

every_ensemble = pytest.mark.parametrize("name", ENSEMBLES)
both_tasks = pytest.mark.parametrize("task", TASKS)


@dataclass(frozen=True, slots=True)
class Memory:
    """A head that knows by heart what it was trained on, and else draws lots."""

    known: dict[bytes, np.ndarray]
    num_labels: int

    def logits(self, inputs: Inputs) -> np.ndarray:
        lots = np.random.default_rng(1).normal(size=(len(inputs), self.num_labels))
        rows = zip(inputs, lots, strict=True)
        return np.array([self.known.get(np.asarray(row).tobytes(), lot) for row, lot in rows])

    def tensors(self) -> dict[str, np.ndarray]:
        return {}


@dataclass(frozen=True, slots=True)
class Memorizer:
    """The kind of such heads: perfect on what it has seen."""

    def choices(self, rows: TrainingRows) -> tuple[HeadKind, ...]:
        return (self,)

    def fit(self, rows: TrainingRows, start: Head | None) -> Memory:
        answers = np.where(rows.indicator, 20.0, -20.0)
        pairs = zip(rows.inputs, answers, strict=True)
        return Memory({np.asarray(row).tobytes(): answer for row, answer in pairs}, len(answers[0]))

    def restore(self, tensors: Mapping[str, np.ndarray], setting: HeadSetting) -> Head:
        raise NotImplementedError


def memorizer(examples: Examples, vectors: np.ndarray) -> Member:
    train = examples.train
    rows = TrainingRows(examples.schema, vectors[train], examples.indicator[train])
    found = cross_fit(Memorizer(), rows, examples.fold[train])
    method = simple_members(examples, vectors)["all"].labeler.spec.method
    test_logits = found.head.logits(vectors[examples.test])
    fit = HeadFit(method, found.head, train, found.logits, test_logits, 0.0)
    return finish_member(examples, fit, source=SPACE, options=MemberOptions(title="memory"))


def ensemble(name: str, examples: Examples, members: Mapping[str, Member]) -> Member:
    spec = EnsembleSpec.model_validate(name)
    return train_ensemble(examples, members, spec=spec, options=MemberOptions(title=name))


def accuracy(member: Member, examples: Examples) -> float:
    found = decide(member.test_probabilities, member.labeler.spec).chosen
    return float((found == examples.indicator[examples.test]).all(axis=1).mean())


def log_loss(member: Member, examples: Examples) -> float:
    found = member.test_probabilities.astype(float)
    truth = examples.indicator[examples.test]
    said = (
        found[truth]
        if examples.schema.task == "single_label"
        else np.where(truth, found, 1 - found)
    )
    return -float(np.log(np.maximum(said, 1e-9)).mean())


@every_ensemble
@both_tasks
def test_a_member_that_has_only_memorised_gains_nothing(name: str, task: Task) -> None:
    examples, vectors = draw_examples(task, n=1_500)
    members = simple_members(examples, vectors)
    without = ensemble(name, examples, members)
    memory = memorizer(examples, vectors)
    seen = memory.labeler.head.logits(vectors[examples.train]) > 0
    assert (seen == examples.indicator[examples.train]).all()  # it would be trusted blindly
    with_it = ensemble(name, examples, {**members, "memory": memory})
    assert log_loss(with_it, examples) > log_loss(without, examples) - 0.02
    assert accuracy(with_it, examples) < accuracy(without, examples) + 0.02


@pytest.mark.parametrize("name", sorted(ENSEMBLES.keys() - {"soft_vote"}))
@both_tasks
def test_an_ensemble_that_learns_is_not_spoilt_by_a_member_that_draws_lots(
    name: str, task: Task
) -> None:
    examples, vectors = draw_examples(task, n=1_500)
    members = simple_members(examples, vectors)
    with_it = ensemble(name, examples, {**members, "memory": memorizer(examples, vectors)})
    assert log_loss(with_it, examples) < log_loss(members["all"], examples) + 0.02


@every_ensemble
@both_tasks
def test_only_rows_that_were_held_out_from_every_member_are_learned_from(
    name: str, task: Task
) -> None:
    examples, vectors = draw_examples(task, n=300)
    members = simple_members(examples, vectors)
    held = np.flatnonzero(examples.fold == 1)
    known = np.searchsorted(examples.train, held)
    said = members["first"].held_probabilities[known]
    members["first"] = replace(members["first"], held=held, held_probabilities=said)
    np.testing.assert_array_equal(ensemble(name, examples, members).held, held)


@every_ensemble
@both_tasks
def test_members_in_another_order_vote_alike(name: str, task: Task) -> None:
    examples, vectors = draw_examples(task)
    members = simple_members(examples, vectors)
    backwards = {key: members[key] for key in reversed(members)}
    found, expected = (ensemble(name, examples, each) for each in (backwards, members))
    assert found.labeler.spec.source.labelers == ("last", "first", "all")
    np.testing.assert_allclose(found.test_probabilities, expected.test_probabilities, atol=2e-3)


@every_ensemble
def test_members_of_other_labels_are_refused_and_what_differs_is_said(name: str) -> None:
    examples, vectors = draw_examples()
    members = simple_members(examples, vectors)
    others, other_vectors = draw_examples(labels=("ant", "bee", "dog"))
    members["other"] = train("prototype", others, other_vectors)
    with pytest.raises(
        ValueError, match=r"'prototype' does not fit: it lacks the labels \['cow'\]"
    ):
        ensemble(name, examples, members)


@every_ensemble
def test_members_of_other_examples_are_refused(name: str) -> None:
    examples, vectors = draw_examples()
    members = simple_members(examples, vectors)
    members["other"] = train("prototype", *draw_examples(n=100))
    with pytest.raises(ValueError, match="member 'other' was trained on other examples"):
        ensemble(name, examples, members)


@every_ensemble
def test_members_without_a_held_out_row_in_common_are_refused(name: str) -> None:
    examples, vectors = draw_examples()
    members = simple_members(examples, vectors)
    for fold, key in enumerate(("all", "first")):
        held = np.flatnonzero(examples.fold == fold)
        rows = np.searchsorted(examples.train, held)
        said = members[key].held_probabilities[rows]
        members[key] = replace(members[key], held=held, held_probabilities=said)
    with pytest.raises(ValueError, match="no training row was held out from all members"):
        ensemble(name, examples, members)


@every_ensemble
def test_a_single_member_is_no_ensemble(name: str) -> None:
    examples, vectors = draw_examples()
    one = {"all": simple_members(examples, vectors)["all"]}
    with pytest.raises(ValueError, match=r"needs two members at least; found \['all'\]"):
        ensemble(name, examples, one)
