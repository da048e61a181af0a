"""Repair: the chunks of damaged records are made owed, so that the next run does them anew.

Knows damage, records and the catalog. Removes records alone: no part, good or bad.
"""

from collections.abc import Iterable

from data.catalog.publishing import publish_catalog
from data.records.owed import OwedChunk, owed_chunks
from data.records.seals import newest_seal
from data.stores.store import OpenStore
from data.upkeep.damage import Damage


def make_owed(store: OpenStore, damages: Iterable[Damage]) -> list[str]:
    """Remove the records that damage is about and publish; the keys of the records.

    Raises:
        StoreError: the catalog cannot be built. The records are removed, and publishing again
            goes on from there.
    """
    keys = list(dict.fromkeys(each.record for each in damages if each.record is not None))
    for key in keys:
        store.delete(key)
    if newest_seal(store) is not None:
        publish_catalog(store)
    return keys


def commands(store: OpenStore) -> list[str]:
    """What to run for everything that is owed: a line for each corpus and command."""
    seal = newest_seal(store)
    owed: dict[tuple[str, str], list[OwedChunk]] = {}
    for each in owed_chunks(store, seal) if seal else ():
        owed.setdefault((each.corpus, each.command), []).append(each)
    return [_line(corpus, command, chunks) for (corpus, command), chunks in owed.items()]


def _line(corpus: str, command: str, chunks: list[OwedChunk]) -> str:
    places, datasets = {each.place for each in chunks}, sorted({each.dataset for each in chunks})
    plural = "chunk is" if len(places) == 1 else "chunks are"
    return (
        f"Run {command} again over the corpus {corpus!r}: {len(places)} {plural} owed in "
        f"{', '.join(datasets)}."
    )
