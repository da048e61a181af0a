"""A state machine over the commit protocol: runs over two corpora, each let on, killed or asleep at
any call, while files change; invariants are looked at after every step.

What runs, publishers and the collector do is in tests/faults/protocol.py.
"""

from typing import ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from data import newest_seal
from data.records.seals import Seal, read_seal
from tests.faults.memory_store import Actor, MemoryStore, OverwritingStore
from tests.faults.protocol import (
    GRACE_H,
    SPACES,
    collect_garbage,
    records_by_key,
    run_over,
    seen_before,
    seen_now,
    unsound_records,
)
from tests.faults.sources import Sources

CHANGES = {
    "anew": Sources.write_anew,
    "back": Sources.put_back,
    "gone": Sources.remove,
    "unnoticed": Sources.edit_silently,
}
WHICH, CALLS = st.integers(0, 3), st.integers(1, 60)
CHANGE = st.none() | st.tuples(st.sampled_from(sorted(CHANGES)), st.sampled_from("ab"))
ASKED = st.sets(st.sampled_from(sorted(SPACES)), min_size=1)
COLLECTOR = "collector"
CORPORA = st.sampled_from(["notes", "mails"])


class Protocol(RuleBasedStateMachine):
    """The protocol as it is; subclasses break one thing each."""

    Store: ClassVar[type[MemoryStore]] = MemoryStore
    grace_h: ClassVar[float] = GRACE_H
    seal_before = staticmethod(seen_before)

    def __init__(self) -> None:
        super().__init__()
        self.store = self.Store()
        self.sources = {name: Sources(name) for name in ("notes", "mails")}
        self.actors: list[Actor] = []
        self.listed_at: dict[str, int] = {}
        self.num_started = 0
        self.seen: dict[str, bytes] = {}

    # what happens --------------------------------------------------------------------------------

    @precondition(lambda self: len(self.actors) < 4)
    @rule(corpus=CORPORA, change=CHANGE, spaces=ASKED, calls=CALLS)
    def run(
        self, corpus: str, change: tuple[str, str] | None, spaces: set[str], calls: int
    ) -> None:
        """A run begins, beside others or after them; perhaps a file has changed before."""
        sources = self.sources[corpus]
        if change is not None:
            CHANGES[change[0]](sources, change[1])
        self.num_started += 1
        name = f"run-{self.num_started}"
        asked = [SPACES[each] for each in sorted(spaces)]

        def work(store: object) -> None:
            run_over(store, sources, asked, name, self._listed, self.seal_before)

        self.actors.append(Actor(name, self.store, work))
        self._let_on(self.actors[-1], calls)

    def _listed(self, name: str) -> None:
        self.listed_at[name] = len(self.listed_at)

    @precondition(lambda self: self.actors)
    @rule(is_slow=st.booleans())
    def collect(self, is_slow: bool) -> None:
        """Garbage is collected: at once, or by one who may sleep and die like all others."""
        if is_slow and not any(actor.name == COLLECTOR for actor in self.actors):
            self.actors.append(Actor(COLLECTOR, self.store, self._collect))
            self._let_on(self.actors[-1], 3)
        else:
            self._collect(self.store)

    def _collect(self, store: object) -> None:
        collect_garbage(store, self.store, self.grace_h)

    @precondition(lambda self: self.actors)
    @rule(which=WHICH, calls=CALLS)
    def go_on(self, which: int, calls: int) -> None:
        """One of them makes so many calls more, or as many as it has left."""
        self._let_on(self.actors[which % len(self.actors)], calls)

    @precondition(lambda self: self.actors)
    @rule(which=WHICH, how=st.sampled_from(["killed", "no answer"]))
    def meet_misfortune(self, which: int, how: str) -> None:
        """SIGKILL; or a call does its work, and who made it hears of a timeout."""
        actor = self.actors[which % len(self.actors)]
        if how == "killed":
            self.actors.remove(actor)
            actor.kill()
        else:
            actor.step(loses_answer=True)
            self._bury()

    @rule(hours=st.sampled_from([1, GRACE_H + 1]))
    def pass_time(self, hours: int) -> None:
        """Time goes by; a process that slept longer than the grace is never let on again."""
        self.store.now += hours
        for actor in [each for each in self.actors if self._is_too_old(each)]:
            self.actors.remove(actor)
            actor.kill()

    def _let_on(self, actor: Actor, calls: int) -> None:
        for _ in range(calls):
            if not actor.is_over:
                actor.step()
        self._bury()

    def _is_too_old(self, actor: Actor) -> bool:
        return actor.name != COLLECTOR and self.store.now - actor.started_at >= GRACE_H

    def _bury(self) -> None:
        for actor in [each for each in self.actors if each.is_over]:
            self.actors.remove(actor)
            assert actor.error is None or isinstance(actor.error, TimeoutError), actor.error

    # what must be true ---------------------------------------------------------------------------

    @invariant()
    def records_name_whole_parts(self) -> None:
        """Whose texts, in a space, are those of the documents."""
        wrong = unsound_records(self.store)
        assert not wrong, wrong

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
        self.records_name_whole_parts()


class Overwriting(Protocol):
    """Records are overwritten instead of created exclusively."""

    Store = OverwritingStore


class WithoutGrace(Protocol):
    """The collector takes what no record names yet."""

    grace_h = 0.0


class OlderPlanWins(Protocol):
    """A publisher asks which seal is the newest when it publishes, not when it began."""

    seal_before = staticmethod(seen_now)
