"""Garbage: files of a store that nothing names, or that only superseded chunks are named by.

Knows records, plans and seals. Which file is old enough is asked of a clock that is handed in.
Nothing is ever listed that a record in force, a plan in use or a young file could need.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from data.lineage import DocumentsLineage
from data.records.datasets import (
    DamagedRecord,
    committed_chunks,
    load_dataset,
    record_key,
    try_records,
)
from data.records.seals import Seal, newest_seal, read_seal
from data.reuse.superseded import plans_to_reuse
from data.sources.plan import load_plan
from data.stores.store import Store

_PART = re.compile(r"([0-9a-f]{20})-[0-9a-f]{12}(\.rejects)?\.parquet")


@dataclass(frozen=True, slots=True)
class Clock:
    """When files were written, and from when on they are young, both by the same clock."""

    written_at: Callable[[str], float]
    young_from: float

    def is_old(self, key: str) -> bool:
        """Whether the file was there already when the grace period began."""
        return self.written_at(key) <= self.young_from


def unnamed_parts(store: Store, clock: Clock) -> Iterator[str]:
    """Old parts that no record names: what killed attempts have left.

    Parts are listed before records, so what is committed in between is named then. Of a chunk whose
    record cannot be read, all parts stay.
    """
    for dataset in store.list("datasets"):
        folder = f"datasets/{dataset}/parts"
        found = (_PART.fullmatch(name) for name in store.list(folder))
        chunks = {f"{folder}/{part[0]}": part[1] for part in found if part}
        old = {key: chunk for key, chunk in chunks.items() if clock.is_old(key)}
        asked = sorted(committed_chunks(store, dataset) & set(old.values()))
        for chunk, record in try_records(store, dataset, asked):
            if isinstance(record, DamagedRecord):
                old = {key: each for key, each in old.items() if each != chunk}
            else:
                for part in (record.part, record.rejects):
                    old.pop(part.key if part else "", None)
        yield from sorted(old)


def plans_needed(store: Store, shown: Iterable[int]) -> set[str]:
    """The plans of these seals, and those from which an unfinished run may still copy vectors."""
    newest = newest_seal(store)
    plans = plans_to_reuse(store, newest) if newest else set()
    for number in shown:
        plans |= {corpus.plan for corpus in read_seal(store, number).corpora.values()}
    return plans


def superseded_chunks(
    store: Store, clock: Clock, needed: set[str], *, is_quiet: bool = False
) -> Iterator[list[str]]:
    """Old chunks that no plan in use names: the record of each, then its parts.

    In use are the plans `needed`, those of the newest seal, and, unless all is quiet, those that
    were listed since: a run under way may be at them. Documents come last, so that nothing stands
    without its documents.
    """
    newest = newest_seal(store)
    if newest is None:
        return
    plans = needed | {corpus.plan for corpus in newest.corpora.values()}
    if not is_quiet:
        plans |= set(_plans_under_way(store, clock, newest))
    kept = {chunk.name for plan in plans for chunk in load_plan(store, plan).chunks}
    committed = [name for name in store.list("datasets") if committed_chunks(store, name)]
    for dataset in sorted(committed, key=lambda name: _order(store, name)):
        gone = sorted(committed_chunks(store, dataset) - kept)
        old = [chunk for chunk in gone if clock.is_old(record_key(dataset, chunk))]
        for chunk, record in try_records(store, dataset, old):
            if not isinstance(record, DamagedRecord):
                parts = [part.key for part in (record.part, record.rejects) if part]
                yield [record_key(dataset, chunk), *parts]


def _plans_under_way(store: Store, clock: Clock, newest: Seal) -> Iterator[str]:
    """Plans that are young, or were listed after the one that their corpus was sealed with."""
    for name in store.list("plans"):
        key, plan = f"plans/{name}", name.removesuffix(".json")
        if not clock.is_old(key) or clock.written_at(key) > _sealed_at(store, clock, newest, plan):
            yield plan


def _sealed_at(store: Store, clock: Clock, newest: Seal, plan: str) -> float:
    """When the plan in force of that plan's corpus was sealed; long ago if it is not known."""
    sealed = newest.corpora.get(load_plan(store, plan).corpus.name)
    if sealed is None or not sealed.planned_at:
        return float("-inf")
    return clock.written_at(f"seals/{sealed.planned_at}.json")


def _order(store: Store, dataset: str) -> tuple[bool, str]:
    return isinstance(load_dataset(store, dataset).lineage, DocumentsLineage), dataset
