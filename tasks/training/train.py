"""Train every labeler that is asked for, one space in memory at a time. A plain function.

Knows the order: the baseline over texts, heads over spaces, learned spaces, ensembles of them all.
Knows no Prefect: the task in tasks/train_labelers.py calls it, and so do tests.
"""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import version

import numpy as np

from data import open_existing_store
from embedding import EncoderSpec
from labeling import (
    EnsembleSpec,
    Member,
    MemberOptions,
    PairedTest,
    finish_linear,
    train_ensemble,
    train_head,
    train_text_head,
)
from tasks.training.examples import read_examples
from tasks.training.findings import EncoderPoolings, Training
from tasks.training.heldout import TestTexts
from tasks.training.learned import LearnedSpace, learn_pooling, tune_encoder
from tasks.training.request import TrainRequest
from tasks.training.reviewed import read_reviewed
from tasks.training.shelf import Kept, Shelf, to_trained
from tasks.training.space_rows import TextFacts, read_space
from tasks.training.spaces import TrainingSpace, encode_texts, training_spaces
from tasks.training.titles import ensemble_words, head_words, join_title

_LIBRARIES = ("numpy", "scikit-learn", "torch", "transformers", "safetensors")


def train_all(request: TrainRequest) -> Training:
    """Train, keep and judge all labelers of the request, whose spaces are embedded.

    Raises:
        ValueError: the labels cannot be learned, or the request asks for what does not fit.
        StoreError: the store cannot be used.
    """
    training = LabelerTraining(request)
    training.train()
    return training.finish()


class LabelerTraining:
    """One training on its way: the examples, and the labelers so far."""

    def __init__(self, request: TrainRequest) -> None:
        self.request, self.options = request, request.training
        self.store = open_existing_store(request.store.path)
        self.spaces = training_spaces(self.store, request)
        reviewed = read_reviewed(self.store, request)
        datasets = [space.dataset.name for space in self.spaces]
        self.corpus = read_examples(request, reviewed, self.store, datasets)
        self.shelf = Shelf(self.store, self.corpus)
        self.facts: dict[EncoderSpec, TextFacts] = {}
        self.learned: list[TrainingSpace] = []

    def train(self) -> None:
        """Train and keep all that the request asks for."""
        self._train_text_heads()
        for space in self.spaces:
            self._train_heads(space)
        for asked in self.request.spaces:
            self._learn(asked.encoder)
        everyone = self.shelf.members
        for ensemble in self.options.ensembles if len(everyone) > 1 else ():
            self.train_ensemble(ensemble, everyone)

    def train_ensemble(
        self, ensemble: EnsembleSpec, members: Mapping[str, Member], *words: str
    ) -> Kept:
        """Train and keep an ensemble of labelers by their names; `words` lead its title."""
        options = self._named(*words, ensemble_words(ensemble))
        member = train_ensemble(self.corpus.examples, members, spec=ensemble, options=options)
        known = self.shelf.texts_of(tuple(members))
        return self.shelf.keep(member, f"{len(members)} labelers", known)

    def finish(self, pairs: Sequence[tuple[Kept, Kept]] = ()) -> Training:
        """Keep the evaluations, with the paired tests of these labelers besides the usual ones."""
        tests = self._tests(pairs)
        self.shelf.save_evaluations(tests, self._beside())
        return Training(
            title=self.request.title,
            corpus=self.request.corpus.name,
            label_column=self.request.label_column,
            label_schema=self.corpus.examples.schema,
            examples=self.corpus.facts,
            labelers=tuple(to_trained(kept) for kept in self.shelf),
            tests=tests,
            recommended=self.shelf.leader.title,
            spaces=tuple(
                EncoderPoolings(encoder=space.encoder, poolings=(space.pooling,))
                for space in self.learned
            ),
        )

    def _train_text_heads(self) -> None:
        for head in self.options.text_heads:
            options = self._named(head_words(head))
            member = train_text_head(self.corpus.examples, spec=head, options=options)
            self._keep(member, "text", None)

    def _train_heads(self, space: TrainingSpace) -> None:
        vectors, facts = read_space(self.store, space.dataset.name, self.corpus.key)
        test = self.corpus.examples.test
        self.facts.setdefault(space.encoder, facts.take(test))
        places = self.shelf.places
        texts = TestTexts(facts.take(test), places, vectors[test[places]])
        prototypes = self._prototypes(space)
        for head in self.options.space_heads:
            member = train_head(
                self.corpus.examples,
                vectors,
                source=space.source,
                spec=head,
                options=self._named(space.words, head_words(head)),
                prototypes=prototypes if head.head == "prototype" else None,
            )
            self._keep(member, space.dataset.slug, texts)

    def _learn(self, encoder: EncoderSpec) -> None:
        """Learned poolings, then whole encoders."""
        arguments = (self.store, self.request, self.corpus.examples, encoder)
        for pooling in self.options.learned:
            self._keep_learned(learn_pooling(*arguments, pooling), encoder)
        for pooling in self.options.fine_tuned:
            self._keep_learned(tune_encoder(*arguments, pooling), encoder)

    def _keep_learned(self, found: LearnedSpace, encoder: EncoderSpec) -> None:
        examples, space = self.corpus.examples, found.space
        self.learned.append(space)
        sample = [examples.texts[place] for place in examples.test[self.shelf.places]]
        vectors = encode_texts(space, sample, self.request.run.token_budget)
        member = finish_linear(
            examples,
            found.fit,
            source=space.source,
            parameters={},
            options=self._named(space.words, "linear"),
        )
        texts = TestTexts(self.facts[encoder], self.shelf.places, vectors)
        self._keep(member, space.dataset.slug, texts)

    def _prototypes(self, space: TrainingSpace) -> np.ndarray | None:
        """The vector of each label's description, if there are descriptions."""
        described = self.options.descriptions
        if not described:
            return None
        labels = self.corpus.examples.schema.labels
        if missing := [label for label in labels if label not in described]:
            raise ValueError(f"descriptions: none for {missing}. Describe every label, or none.")
        texts = [described[label] for label in labels]
        return encode_texts(space, texts, self.request.run.token_budget)

    def _tests(self, more: Sequence[tuple[Kept, Kept]]) -> tuple[PairedTest, ...]:
        """Each labeler against the best one; and the best over vectors against the baseline."""
        leader, (baseline, *_) = self.shelf.leader, self.shelf
        pairs = [(kept, leader) for kept in self.shelf if kept is not leader]
        dense = self.shelf.best_over_vectors
        if dense is not None and leader not in (dense, baseline):
            pairs.append((dense, baseline))
        titles = {(first.title, second.title) for first, second in pairs}
        pairs += [(one, two) for one, two in more if (one.title, two.title) not in titles]
        return tuple(self.shelf.compare(*pair) for pair in pairs)

    def _beside(self) -> dict[str, object]:
        """What an evaluation says of where it comes from."""
        hashes = b"".join(self.corpus.key["text_hash"].to_pylist())
        return {
            "corpus": self.request.corpus.name,
            "label_column": self.request.label_column,
            "examples": list(self.corpus.facts),
            "texts_digest": hashlib.blake2b(hashes, digest_size=16).hexdigest(),
            "trained_at": datetime.now(UTC).isoformat(),
            "libraries": {name: version(name) for name in _LIBRARIES},
        }

    def _named(self, *words: str) -> MemberOptions:
        title = join_title(self.request.title, *words)
        return MemberOptions(title=title, target_precision=self.options.target_precision)

    def _keep(self, member: Member, reads: str, texts: TestTexts | None) -> None:
        self.shelf.keep(member, reads, texts)
