"""Seals: what each corpus is, numbered from 1. Seal n is seal n-1 with one thing changed.

Knows plans, datasets and which chunks have records. Does not know DuckDB: a catalog
(data/catalog/) shows a seal, it does not decide it.
"""

import hashlib
import re
from collections.abc import Sequence

from pydantic import BaseModel, ConfigDict

from data.records.datasets import committed_chunks, read_records
from data.sources.plan import Plan, load_plan
from data.stores.store import Store, read_bytes

_FROZEN = ConfigDict(frozen=True, extra="forbid")


class CorpusSeal(BaseModel):
    """One corpus: its plan, its datasets, and the chunks that each dataset still owes.

    `attempts` is the hash of which attempt made each chunk, by which a chunk that was done anew is
    noticed. `planned_at` is the number of the seal that set the plan; 0 in seals of before it was
    kept.
    """

    model_config = _FROZEN

    plan: str
    documents: str
    spaces: tuple[str, ...]
    owed: dict[str, tuple[str, ...]]
    attempts: str = ""
    labelers: tuple[str, ...] = ()
    planned_at: int = 0

    @property
    def datasets(self) -> tuple[str, ...]:
        """Documents first, labels last."""
        return (self.documents, *self.spaces, *self.labelers)


class Seal(BaseModel):
    """Every corpus of the store at one moment, and the labelers in force.

    `changed` is a corpus, or None where it was the labelers in force, which are names of stored
    labelers by their titles.
    """

    model_config = _FROZEN

    number: int
    corpora: dict[str, CorpusSeal]
    changed: str | None
    run: str
    labelers: dict[str, str] = {}


class SealRequest(BaseModel):
    """What a run wants to be sealed.

    `seal_before` is the number of the seal that the run saw before it listed the files; 0: none.
    """

    model_config = _FROZEN

    corpus: str
    plan: str
    seal_before: int
    documents: str
    spaces: tuple[str, ...]
    run: str
    labelers: tuple[str, ...] = ()

    @property
    def datasets(self) -> tuple[str, ...]:
        """All that the run was asked for."""
        return (self.documents, *self.spaces, *self.labelers)


class SealOutcome(BaseModel):
    """The seal that came of it, and what the run still owes of what it asked for.

    `is_plan_newer`: somebody listed the corpus after this run did, and that listing stays.
    """

    model_config = _FROZEN

    seal: Seal
    is_plan_newer: bool
    owed: dict[str, tuple[str, ...]]

    @property
    def corpus(self) -> CorpusSeal:
        """The corpus that the run was about."""
        assert self.seal.changed is not None
        return self.seal.corpora[self.seal.changed]


def newest_seal(store: Store) -> Seal | None:
    """The seal with the highest number."""
    number = newest_number(store)
    return read_seal(store, number) if number else None


def newest_number(store: Store) -> int:
    """The highest number of a seal, 0 if there is none; other files there are none of ours."""
    stems = [name.removesuffix(".json") for name in store.list("seals") if name.endswith(".json")]
    return max((int(stem) for stem in stems if re.fullmatch("[1-9][0-9]*", stem)), default=0)


def read_seal(store: Store, number: int) -> Seal:
    """The seal of that number."""
    return Seal.model_validate_json(read_bytes(store, f"seals/{number}.json"))


def next_seal(store: Store, before: Seal | None, request: SealRequest) -> SealOutcome:
    """The seal that would follow, not created yet.

    Every other corpus and every dataset of the seal before stays. The corpus's plan changes only if
    nobody else changed it since this run listed the files; else the newer plan stays, and this
    run's chunks count where that plan names them.
    """
    corpora = dict(before.corpora) if before else {}
    known = corpora.get(request.corpus)
    number = before.number + 1 if before else 1
    is_plan_newer = (
        known is not None and known.plan != request.plan and known.planned_at > request.seal_before
    )
    plan = load_plan(store, known.plan if known and is_plan_newer else request.plan)
    spaces = tuple(dict.fromkeys([*(known.spaces if known else ()), *request.spaces]))
    labelers = tuple(dict.fromkeys([*(known.labelers if known else ()), *request.labelers]))
    corpus = CorpusSeal(
        plan=plan.name,
        documents=request.documents,
        spaces=spaces,
        owed=_owed_chunks(store, plan, (request.documents, *spaces, *labelers)),
        labelers=labelers,
        planned_at=known.planned_at if known and known.plan == plan.name else number,
    )
    attempts = hash_attempts(store, corpus)
    corpora[request.corpus] = corpus.model_copy(update={"attempts": attempts})
    seal = Seal(
        number=number,
        corpora=dict(sorted(corpora.items())),
        changed=request.corpus,
        run=request.run,
        labelers=before.labelers if before else {},
    )
    owed = corpus.owed
    if plan.name != request.plan:
        owed = _owed_chunks(store, load_plan(store, request.plan), request.datasets)
    owed = {name: owed[name] for name in owed if name in request.datasets}
    return SealOutcome(seal=seal, is_plan_newer=is_plan_newer, owed=owed)


def _owed_chunks(store: Store, plan: Plan, datasets: Sequence[str]) -> dict[str, tuple[str, ...]]:
    owed = {}
    for dataset in datasets:
        committed = committed_chunks(store, dataset)
        missing = tuple(chunk.name for chunk in plan.chunks if chunk.name not in committed)
        if missing:
            owed[dataset] = missing
    return owed


def visible_chunks(store: Store, corpus: CorpusSeal) -> dict[str, list[str]]:
    """For each dataset the chunks that it shows: the plan's, in order, without the owed ones.

    A chunk whose record was removed after the seal is owed again, and not shown either.
    """
    chunks = [chunk.name for chunk in load_plan(store, corpus.plan).chunks]
    shown = {}
    for dataset in corpus.datasets:
        there = committed_chunks(store, dataset) - set(corpus.owed.get(dataset, ()))
        shown[dataset] = [chunk for chunk in chunks if chunk in there]
    return shown


def hash_attempts(store: Store, corpus: CorpusSeal) -> str:
    """The hash of the records in force of all chunks that the corpus shows."""
    digest = hashlib.blake2b(digest_size=16)
    for dataset, chunks in visible_chunks(store, corpus).items():
        for record in read_records(store, dataset, chunks):
            digest.update(f"{dataset} {record.chunk} {record.attempt}\n".encode())
    return digest.hexdigest()
