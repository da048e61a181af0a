"""How the labelers of a training stand: who leads, who is compared with whom, what all cost.

Knows a training that is done. Trains nothing.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from data import Dataset, load_dataset, load_runs
from labeling import PairedTest
from pooling import PoolingSpec
from tasks.comparing.comparison import ComparedLabeler, Comparison, SeedControl, TextMap
from tasks.comparing.costs import cost_of
from tasks.comparing.names import family_of
from tasks.comparing.seeds import SeedVotes, Vote
from tasks.comparing.text_map import map_texts
from tasks.training.shelf import Kept
from tasks.training.train import LabelerTraining


def best_over_words(training: LabelerTraining) -> Kept:
    """The labeler over the texts themselves that did best out of fold; there is always one."""
    found = [kept for kept in training.shelf if family_of(kept) == "text"]
    return max(found, key=lambda kept: kept.held_quality)


class Standings:
    """The labelers of a training by the names that are shown."""

    def __init__(self, training: LabelerTraining, names: Mapping[str, str]) -> None:
        """Take a training; `names` are those of its labelers by title."""
        self._training, self._names = training, names
        self._kept: Sequence[Kept] = list(training.shelf)
        self._runs = load_runs(training.store)
        dense = training.shelf.best_over_vectors
        if dense is None:
            raise ValueError("no pooling was trained, so nothing is compared. Name a space.")
        self._dense = dense
        self._text = best_over_words(training)
        singles = [kept for kept in self._kept if family_of(kept) != "ensemble"]
        self._single = max(singles, key=lambda kept: kept.held_quality)
        self._plain = self._find_plain()

    @property
    def pairs(self) -> list[tuple[Kept, Kept]]:
        """Each labeler with the best single one and with mean pooling; the encoder with words."""
        others = self._compared_with
        pairs = [(kept, other) for kept in self._kept for other in others if kept is not other]
        pairs.append((self._dense, self._text))
        titles = [(first.title, second.title) for first, second in pairs]
        return [pair for n, pair in enumerate(pairs) if titles[n] not in titles[:n]]

    @property
    def _compared_with(self) -> list[Kept]:
        return [self._single, *([self._plain] if self._plain else [])]

    def comparison(self, votes: SeedVotes | None) -> Comparison:
        """All that the page shows."""
        request, examples = self._training.request, self._training.corpus.examples
        controls = (votes.poolings, votes.seeds) if votes else ()
        return Comparison(
            title=request.title,
            corpus=request.corpus.name,
            label_column=request.label_column,
            label_schema=examples.schema,
            target_precision=request.training.target_precision,
            made_at=datetime.now(UTC),
            facts=self._facts(),
            labelers=(
                *(self._compared(kept) for kept in self._kept),
                *(self._control(vote) for vote in controls),
            ),
            leader=self._name(self._training.shelf.leader),
            single=self._name(self._single),
            dense=self._name(self._dense),
            plain=self._name(self._plain) if self._plain else None,
            text=self._name(self._text),
            tests=(
                *(self._test(*pair) for pair in self.pairs),
                *(test for vote in controls for test in self._control_tests(vote)),
            ),
            seed_control=SeedControl(
                poolings=votes.poolings.title, seeds=votes.seeds.title, test=votes.test
            )
            if votes
            else None,
            text_map=self._map(),
        )

    def _find_plain(self) -> Kept | None:
        """The labeler over mean pooling, of the best one's head; of several encoders the first."""
        means = {
            space.dataset.name
            for space in self._training.spaces
            if space.pooling == PoolingSpec(strategy="mean")
        }
        found = [kept for kept in self._kept if self._space_names(kept) & means]
        method = self._dense.member.labeler.spec.method.name
        alike = [kept for kept in found if kept.member.labeler.spec.method.name == method]
        return next(iter((*alike, *found)), None)

    def _compared(self, kept: Kept) -> ComparedLabeler:
        return ComparedLabeler(
            name=self._name(kept),
            labeler=kept.name,
            family=family_of(kept),
            evaluation=kept.evaluation,
            held_quality=kept.held_quality,
            train_seconds=kept.member.seconds,
            cost=cost_of(self._spaces(kept), self._runs),
        )

    def _control(self, vote: Vote) -> ComparedLabeler:
        return ComparedLabeler(
            name=vote.title,
            labeler=None,
            family="control",
            evaluation=vote.evaluation,
            held_quality=0.0,
            train_seconds=vote.seconds,
            cost=cost_of([space.dataset for space in vote.spaces], self._runs),
        )

    def _control_tests(self, vote: Vote) -> list[PairedTest]:
        return [
            self._training.shelf.compare(vote, other).model_copy(
                update={"second": self._name(other)}
            )
            for other in self._compared_with
        ]

    def _spaces(self, kept: Kept) -> list[Dataset]:
        return [
            load_dataset(self._training.store, name) for name in sorted(self._space_names(kept))
        ]

    def _space_names(self, kept: Kept) -> set[str]:
        """The datasets that a labeler reads, or that its members do."""
        source = kept.member.labeler.spec.source
        if source.kind == "members":
            members = [each for each in self._kept if each.name in source.labelers]
            return {name for member in members for name in self._space_names(member)}
        return {source.name} if source.kind == "space" else set()

    def _test(self, first: Kept, second: Kept) -> PairedTest:
        found = self._training.shelf.compare(first, second)
        names = {"first": self._name(first), "second": self._name(second)}
        return found.model_copy(update=names)

    def _map(self) -> TextMap | None:
        """The texts of the test whose vectors are kept, by the best pooling."""
        texts, examples = self._dense.texts, self._training.corpus.examples
        if texts is None or len(texts.vectors) < 3:  # noqa: PLR2004 - no map has fewer
            return None
        indicator = examples.indicator[examples.test][texts.places]
        return map_texts(self._dense.reads, texts.vectors, indicator)

    def _facts(self) -> tuple[str, ...]:
        heads = ", ".join(head.head for head in self._training.options.space_heads)
        return (
            *self._training.corpus.facts,
            f"On each space: {heads}. What a head chooses for itself, and how it is calibrated, "
            "comes from folds of the documents to train on, and so does the choice of labelers.",
            "Stacks learn from members out of fold, so a member that has only memorised its "
            "texts gains nothing.",
        )

    def _name(self, kept: Kept) -> str:
        return self._names[kept.title]
