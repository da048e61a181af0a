"""The control of ensembles over poolings: the same head on one pooling, with other seeds.

What an ensemble of poolings gains over one of them, three seeds of one gain, too, if it is only
the averaging that helps. Knows trained spaces; keeps nothing in the store.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from labeling import (
    EnsembleSpec,
    Evaluation,
    HeadSpec,
    Member,
    MemberOptions,
    PairedTest,
    Predictions,
    decide,
    train_ensemble,
    train_head,
)
from tasks.training.shelf import Kept
from tasks.training.space_rows import read_space
from tasks.training.spaces import TrainingSpace
from tasks.training.train import LabelerTraining

_MOST = 3
_HEAD = "mlp"  # unlike a linear head it depends on its seed
_VOTE = EnsembleSpec(ensemble="soft_vote")


@dataclass(frozen=True, slots=True)
class Vote:
    """An ensemble of the control, on the test."""

    title: str
    spaces: tuple[TrainingSpace, ...]
    predictions: Predictions
    evaluation: Evaluation
    seconds: float


@dataclass(frozen=True, slots=True)
class SeedVotes:
    """The two ensembles, which share a member, and their paired test: poolings minus seeds."""

    poolings: Vote
    seeds: Vote
    test: PairedTest


def vote_over_seeds(training: LabelerTraining) -> SeedVotes | None:
    """Train both: the best three poolings, and the best one with as many seeds; None for one."""
    spaces = _best_spaces(training)
    if len(spaces) < 2:  # noqa: PLR2004 - one pooling votes with nobody
        return None
    first, *others = spaces
    ours = _train(training, first, range(len(spaces)))
    theirs = [_train(training, space, (0,))[0] for space in others]
    poolings = _vote(training, f"vote of {len(spaces)} poolings", (ours[0], *theirs), spaces)
    seeds = _vote(training, f"vote of {len(spaces)} seeds", ours, (first,))
    return SeedVotes(poolings, seeds, training.shelf.compare(poolings, seeds))


def _best_spaces(training: LabelerTraining) -> tuple[TrainingSpace, ...]:
    """The spaces whose labelers did best out of fold, best first."""
    quality: dict[str, float] = {}
    for kept in training.shelf:
        name = _space_name(kept)
        quality[name] = max(kept.held_quality, quality.get(name, 0.0))
    ranked = sorted(training.spaces, key=lambda each: -quality.get(each.dataset.name, 0.0))
    return tuple(ranked[:_MOST])


def _space_name(kept: Kept) -> str:
    source = kept.member.labeler.spec.source
    return source.name if source.kind == "space" else ""


def _train(
    training: LabelerTraining, space: TrainingSpace, seeds: Sequence[int]
) -> tuple[Member, ...]:
    vectors, _ = read_space(training.store, space.dataset.name, training.corpus.key)
    return tuple(
        train_head(
            training.corpus.examples,
            vectors,
            source=space.source,
            spec=HeadSpec(head=_HEAD, seed=seed),
            options=_named(training, f"{space.words}_{seed}"),
        )
        for seed in seeds
    )


def _vote(
    training: LabelerTraining,
    name: str,
    members: Sequence[Member],
    spaces: tuple[TrainingSpace, ...],
) -> Vote:
    by_name: Mapping[str, Member] = {each.labeler.spec.title: each for each in members}
    examples = training.corpus.examples
    options = _named(training, name)
    member = train_ensemble(examples, by_name, spec=_VOTE, options=options)
    predictions = decide(member.test_probabilities, member.labeler.spec)
    return Vote(
        title=f"{name} ({_HEAD})",
        spaces=spaces,
        predictions=predictions,
        evaluation=training.shelf.judge(predictions),
        seconds=sum(each.seconds for each in members) + member.seconds,
    )


def _named(training: LabelerTraining, name: str) -> MemberOptions:
    target = training.request.training.target_precision
    return MemberOptions(title=name, target_precision=target)
