"""A state machine over the commit protocol: runs over two corpora, of which any is let on, left
asleep or killed at any call, while files change; invariants are looked at after every step.

What runs, publishers and the collector do is in tests/faults/protocol.py.
"""

from typing import ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from data import newest_seal
from data.seals import Seal, read_seal
from tests.faults.memory_store import Actor, MemoryStore, OverwritingStore
from tests.faults.protocol import (
    GRACE_H,
    SPACES,
    Sources,
    collect_garbage,
    records_by_key,
    run_over,
    seen_before,
    seen_now,
    unsound_records,
)

WHICH = st.integers(0, 7)
CORPORA = st.sampled_from(["notes", "mails"])


class Protocol(RuleBasedStateMachine):
    """The protocol as it is; subclasses break one thing each."""

    Store: ClassVar[type[MemoryStore]] = MemoryStore
    grace_h: ClassVar[float] = GRACE_H
    plan_before = staticmethod(seen_before)

    def __init__(self) -> None:
        super().__init__()
        self.store = self.Store()
        self.sources = {name: Sources(name) for name in ("notes", "mails")}
        self.actors: list[Actor] = []
        self.listed_at: dict[str, int] = {}
        self.num_started = 0
        self.seen: dict[str, bytes] = {}

    # what happens --------------------------------------------------------------------------------

    @rule(corpus=CORPORA, path=st.sampled_from("ab"), revision=st.integers(0, 2))
    def edit(self, corpus: str, path: str, revision: int) -> None:
        """A file is written anew, or its older self is put back."""
        self.sources[corpus].revisions[path] = revision

    @rule(corpus=CORPORA)
    def remove(self, corpus: str) -> None:
        """One of the files goes."""
        self.sources[corpus].revisions.pop("b", None)

    @rule(corpus=CORPORA, path=st.sampled_from("ab"))
    def edit_unnoticed(self, corpus: str, path: str) -> None:
        """A text changes, and neither size nor time nor footer of its file."""
        self.sources[corpus].edit_silently(path)

    @precondition(lambda self: len(self.actors) < 4)
    @rule(corpus=CORPORA, spaces=st.sets(st.sampled_from(sorted(SPACES)), min_size=1))
    def start(self, corpus: str, spaces: set[str]) -> None:
        """A run begins: the first, a retry, a backfill, or one beside another."""
        self.num_started += 1
        name = f"run-{self.num_started}"
        asked = [SPACES[each] for each in sorted(spaces)]

        def work(store: object) -> None:
            run_over(store, self.sources[corpus], asked, name, self._listed, self.plan_before)

        self.actors.append(Actor(name, self.store, work))

    def _listed(self, name: str) -> None:
        self.listed_at[name] = len(self.listed_at)

    @precondition(lambda self: len(self.actors) < 4)
    @rule()
    def collect(self) -> None:
        """The garbage collector begins; it, too, may be slow or be killed."""
        collect = lambda store: collect_garbage(store, self.store, self.grace_h)  # noqa: E731
        self.actors.append(Actor("collector", self.store, collect))

    @precondition(lambda self: self.actors)
    @rule(which=WHICH, calls=st.integers(1, 80))
    def go_on(self, which: int, calls: int) -> None:
        """One of them makes so many calls."""
        actor = self.actors[which % len(self.actors)]
        for _ in range(calls):
            if not actor.is_over:
                actor.step()
        self._bury()

    @precondition(lambda self: self.actors)
    @rule(which=WHICH)
    def lose_an_answer(self, which: int) -> None:
        """A call does its work, and who made it hears of a timeout."""
        self.actors[which % len(self.actors)].step(loses_answer=True)
        self._bury()

    @precondition(lambda self: self.actors)
    @rule(which=WHICH)
    def kill(self, which: int) -> None:
        """SIGKILL."""
        self.actors.pop(which % len(self.actors)).kill()

    @rule(hours=st.sampled_from([1, 24, GRACE_H + 1]))
    def pass_time(self, hours: int) -> None:
        """Time goes by; a process that slept longer than the grace is never let on again."""
        self.store.now += hours
        for actor in [each for each in self.actors if self._is_too_old(each)]:
            self.actors.remove(actor)
            actor.kill()

    def _is_too_old(self, actor: Actor) -> bool:
        return actor.name != "collector" and self.store.now - actor.started_at >= GRACE_H

    def _bury(self) -> None:
        for actor in [each for each in self.actors if each.is_over]:
            self.actors.remove(actor)
            assert actor.error is None or isinstance(actor.error, TimeoutError), actor.error

    # what must be true ---------------------------------------------------------------------------

    @invariant()
    def records_name_whole_parts(self) -> None:
        """And a space's texts are those of its documents."""
        assert unsound_records(self.store) == []

    @invariant()
    def nothing_that_was_created_changes(self) -> None:
        """Neither a record nor a seal, nor does one go."""
        now = records_by_key(self.store)
        for key, content in self.seen.items():
            assert now.get(key) == content, f"{key} is another one now"
        self.seen = now

    @invariant()
    def seals_only_gain(self) -> None:
        """Corpora and datasets stay, and no plan gives way to one that was listed before it."""
        shown: dict[str, int] = {}
        before = Seal(number=0, corpora={}, changed="", run="")
        newest = newest_seal(self.store)
        for number in range(1, newest.number + 1 if newest else 1):
            seal = read_seal(self.store, number)
            for name, corpus in before.corpora.items():
                assert set(corpus.datasets) <= set(seal.corpora[name].datasets)
            known, changed = before.corpora.get(seal.changed), seal.corpora[seal.changed]
            listed_at = self.listed_at[seal.run]
            if known is None or known.plan != changed.plan:
                assert listed_at > shown.get(seal.changed, -1), f"{seal.run} sealed an older plan"
                shown[seal.changed] = listed_at
            before = seal

    # the end -------------------------------------------------------------------------------------

    def teardown(self) -> None:
        """All others die; one run of each corpus completes it, and garbage is all that goes."""
        for actor in self.actors:
            actor.kill()
        for name, sources in self.sources.items():
            sources.rewrite_edited()
            run_over(self.store, sources, SPACES.values(), f"last-{name}", self._listed)
            self.nothing_that_was_created_changes()
            seal = newest_seal(self.store)
            assert seal is not None
            assert seal.corpora[name].plan == sources.plan().name
            assert seal.corpora[name].owed == {}
        self.store.now += GRACE_H + 1
        collect_garbage(self.store, self.store, GRACE_H)
        assert unsound_records(self.store) == []


class Overwriting(Protocol):
    """Records are overwritten instead of created exclusively."""

    Store = OverwritingStore


class WithoutGrace(Protocol):
    """The collector takes what no record names yet."""

    grace_h = 0.0


class OlderPlanWins(Protocol):
    """A publisher asks which plan is in force when it publishes, not when it began."""

    plan_before = staticmethod(seen_now)
