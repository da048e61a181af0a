"""Chunks of the newest seal that have no record, and the command that does them.

Knows seals and records. Whether the seal knew of it tells what was owed from what was lost since.
"""

from collections.abc import Iterator
from typing import NamedTuple

from data.records.datasets import committed_chunks, record_key
from data.records.seals import Seal
from data.sources.plan import load_plan
from data.stores.store import Store


class OwedChunk(NamedTuple):
    """A planned chunk without a record; `was_there` when the seal was made."""

    corpus: str
    dataset: str
    key: str
    place: str
    command: str
    was_there: bool


def owed_chunks(store: Store, seal: Seal) -> Iterator[OwedChunk]:
    """Everything that is owed now, corpus by corpus, in the plan's order."""
    for name, corpus in seal.corpora.items():
        chunks = load_plan(store, corpus.plan).chunks
        for dataset in corpus.datasets:
            known = set(corpus.owed.get(dataset, ()))
            committed = committed_chunks(store, dataset)
            command = "label-corpus" if dataset in corpus.labelers else "embed-corpus"
            for chunk in chunks:
                if chunk.name not in committed:
                    key = record_key(dataset, chunk.name)
                    was_there = chunk.name not in known
                    yield OwedChunk(name, dataset, key, chunk.place, command, was_there)
