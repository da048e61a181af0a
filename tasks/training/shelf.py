"""The labelers of a training: each is kept in the store at once, its evaluation at the end.

Knows members, their figures, and what stands beside them. Does not know how they are trained.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
import pyarrow as pa

from data import OpenStore, hash_numbers, save_evaluation, save_model, save_trained_on
from labeling import (
    Evaluation,
    Member,
    PairedTest,
    Predictions,
    compare,
    decide,
    evaluate,
    labeler_to_bytes,
)
from tasks.training.examples import LabelledCorpus
from tasks.training.findings import TrainedLabeler
from tasks.training.heldout import TestTexts, heldout_table

MOST_VECTORS = 4096  # of the test, kept to tell later whether texts have changed


class Judged(Protocol):
    """What said something of the test rows, whether it is kept or not."""

    @property
    def title(self) -> str:
        """What it is called."""
        ...

    @property
    def predictions(self) -> Predictions:
        """What it said."""
        ...


@dataclass(frozen=True, slots=True)
class Kept:
    """A labeler in the store under `name`, with what it said."""

    name: str
    reads: str
    member: Member
    texts: TestTexts | None
    predictions: Predictions
    evaluation: Evaluation
    held_quality: float

    @property
    def title(self) -> str:
        """What it is called from version to version."""
        return self.member.labeler.spec.title


class Shelf:
    """Labelers by title, in the order in which they were trained."""

    def __init__(self, store: OpenStore, corpus: LabelledCorpus) -> None:
        """Begin with none."""
        self._store, self._corpus = store, corpus
        self._kept: dict[str, Kept] = {}
        examples = corpus.examples
        self._truth, self._texts = examples.indicator[examples.test], examples.test_texts
        self._held = examples.train
        self.places = self._sample_places()
        self._known_texts = hash_numbers(corpus.key["text_hash"])

    def __iter__(self) -> Iterator[Kept]:
        """All of them."""
        return iter(self._kept.values())

    @property
    def members(self) -> Mapping[str, Member]:
        """All of them, by the names under which they are stored."""
        return {kept.name: kept.member for kept in self}

    @property
    def leader(self) -> Kept:
        """The one that did best on training rows, out of fold; of equals the first."""
        return max(self, key=lambda kept: kept.held_quality)

    @property
    def best_over_vectors(self) -> Kept | None:
        """The best that reads one space; None: there is none."""
        dense = [kept for kept in self if kept.member.labeler.spec.source.kind == "space"]
        return max(dense, key=lambda kept: kept.held_quality, default=None)

    def keep(self, member: Member, reads: str, texts: TestTexts | None) -> Kept:
        """Put a labeler into the store."""
        spec = member.labeler.spec
        about, tensors = labeler_to_bytes(member.labeler)
        predictions = decide(member.test_probabilities, spec)
        self._judge_alike(member)
        kept = Kept(
            name=save_model(self._store, spec.title, about, tensors),
            reads=reads,
            member=member,
            texts=texts,
            predictions=predictions,
            evaluation=self.judge(predictions),
            held_quality=self._held_quality(member),
        )
        self._kept[spec.title] = kept
        return kept

    def texts_of(self, names: Sequence[str]) -> TestTexts | None:
        """What is known of the texts by the first of these labelers that knows anything."""
        known = {kept.name: kept.texts for kept in self}
        return next((known[name] for name in names if known[name] is not None), None)

    def judge(self, said: Predictions) -> Evaluation:
        """The figures of what was said of the test rows."""
        examples = self._corpus.examples
        num_train = len(examples.train)
        return evaluate(examples.schema, self._truth, said, num_train, texts=self._texts)

    def compare(self, first: Judged, second: Judged) -> PairedTest:
        """The two on the same test rows, by title."""
        said = first.predictions, second.predictions
        return compare(first.title, second.title, self._truth, *said, texts=self._texts)

    def save_evaluations(self, tests: Sequence[PairedTest], beside: Mapping[str, object]) -> None:
        """Keep every labeler's figures and what it said of the test; `beside` says of what."""
        names = {kept.title: kept.name for kept in self}
        for kept in self:
            own = [test for test in tests if kept.title in (test.first, test.second)]
            said = {
                **kept.evaluation.model_dump(mode="json"),
                **beside,
                "held_quality": kept.held_quality,
                "train_seconds": kept.member.seconds,
                "paired_tests": [
                    test.model_dump() | {"first": names[test.first], "second": names[test.second]}
                    for test in own
                ],
            }
            save_evaluation(self._store, kept.name, said, self._heldout(kept))
            save_trained_on(self._store, kept.name, self._known_texts)

    def _heldout(self, kept: Kept) -> pa.Table:
        return heldout_table(self._corpus, kept.predictions, kept.texts)

    def _judge_alike(self, member: Member) -> None:
        """From now on, judge all by rows that this one, too, was asked about unseen.

        What is learned by gradients is asked about one fold, which may be an easy one.
        """
        both = np.intersect1d(self._held, member.held)
        if not len(both) or len(both) == len(self._held):
            return
        self._held = both
        for title, kept in self._kept.items():
            self._kept[title] = replace(kept, held_quality=self._held_quality(kept.member))

    def _held_quality(self, member: Member) -> float:
        """Accuracy out of fold; of a multi-label task micro F1."""
        examples = self._corpus.examples
        places = np.flatnonzero(np.isin(member.held, self._held))
        truth = examples.indicator[member.held[places]]
        chosen = decide(member.held_probabilities[places], member.labeler.spec).chosen
        if examples.schema.task == "single_label":
            return float((chosen & truth).sum() / max(len(truth), 1))
        return float(2 * (chosen & truth).sum() / max(chosen.sum() + truth.sum(), 1))

    def _sample_places(self) -> np.ndarray:
        hashes = self._corpus.key["text_hash"].take(pa.array(self._corpus.examples.test))
        return np.sort(np.argsort(hash_numbers(hashes), kind="stable")[:MOST_VECTORS])


def to_trained(kept: Kept) -> TrainedLabeler:
    """What is said of it outside."""
    return TrainedLabeler(
        name=kept.name,
        title=kept.title,
        reads=kept.reads,
        method=kept.member.labeler.spec.method.name,
        evaluation=kept.evaluation,
        held_quality=kept.held_quality,
        seconds=kept.member.seconds,
    )
