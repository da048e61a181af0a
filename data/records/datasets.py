"""Datasets in a store: their folders, and the records by which chunks are committed.

Knows that the first record wins and that readers see only what records name. Does not know what
is in a part: data/records/parts.py writes and reads them.
"""

import json
import uuid
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from data.lineage import Dataset, canonical_json
from data.stores.store import Store, StoreError, read_bytes

_FROZEN = ConfigDict(frozen=True, extra="forbid")
_READERS = 8


class DamagedRecord(StoreError):
    """A commit record that cannot be read, or whose counts disagree."""


class Part(BaseModel):
    """A Parquet file of one attempt."""

    model_config = _FROZEN

    key: str
    rows: int
    size_bytes: int
    checksum: str


class ChunkStatistics(BaseModel):
    """What was met while the chunk was made; sums over its documents."""

    model_config = _FROZEN

    tokens: int = 0
    truncated: int = 0
    encoded: int = 0
    reused: int = 0
    duplicates: int = 0


class Record(BaseModel):
    """The commit point of one chunk in one dataset."""

    model_config = _FROZEN

    dataset: str
    chunk: str
    attempt: str
    rows_in: int
    rows: int
    rejected: int
    texts_digest: str
    part: Part | None
    rejects: Part | None
    dimension: int | None = None
    statistics: ChunkStatistics = ChunkStatistics()

    @model_validator(mode="after")
    def _counts_agree(self) -> "Record":
        parts = (self.part.rows if self.part else 0, self.rejects.rows if self.rejects else 0)
        if self.rows + self.rejected != self.rows_in or parts != (self.rows, self.rejected):
            raise ValueError(
                f"counts disagree: {self.rows_in} rows in, {self.rows} kept, {self.rejected} "
                f"rejected, {parts[0]} and {parts[1]} in the parts"
            )
        return self


def new_attempt() -> str:
    """A name that no other attempt has."""
    return uuid.uuid4().hex[:12]


def resolve_dataset(store: Store, dataset: Dataset) -> Dataset:
    """The dataset as the store knows it, registered when it is new.

    A dataset is found by its fingerprint: a model folder that was moved or renamed keeps the slug
    under which it came first. Of two runs that register it at once under two slugs, one wins.
    """
    entry = f"fingerprints/{dataset.fingerprint}.json"
    store.create(entry, canonical_json(dataset.model_dump(mode="json")))
    first = Dataset.model_validate_json(read_bytes(store, entry))
    key = _lineage_key(first.name)
    store.create(key, canonical_json(first.model_dump(mode="json")))
    known = load_dataset(store, first.name)
    if known.fingerprint != dataset.fingerprint:
        raise StoreError(f"{key} describes another dataset than {dataset.fingerprint}.")
    return known


def load_dataset(store: Store, name: str) -> Dataset:
    """The dataset of that name."""
    return Dataset.model_validate_json(read_bytes(store, _lineage_key(name)))


def committed_chunks(store: Store, dataset: str) -> set[str]:
    """The names of the chunks that have a record."""
    names = store.list(f"datasets/{dataset}/commits")
    return {name.removesuffix(".json") for name in names}


def read_record(store: Store, dataset: str, chunk: str) -> Record:
    """The record of a chunk.

    Raises:
        DamagedRecord: it is cut off, or its counts disagree.
        FileNotFoundError: the chunk is not committed.
    """
    key = record_key(dataset, chunk)
    try:
        return Record.model_validate_json(read_bytes(store, key))
    except ValidationError as error:
        problem = error.errors()[0]["msg"]
        raise DamagedRecord(
            f"the commit record {key} is damaged ({problem}). Remove it and run again: the chunk "
            "is then done anew."
        ) from error


def read_records(store: Store, dataset: str, chunks: Iterable[str]) -> Iterator[Record]:
    """The records of these chunks, in their order; one that was removed since is left out.

    Raises:
        DamagedRecord: one of them is cut off, or its counts disagree.
    """
    for _, found in try_records(store, dataset, chunks):
        if isinstance(found, DamagedRecord):
            raise found
        yield found


def try_records(
    store: Store, dataset: str, chunks: Iterable[str]
) -> Iterator[tuple[str, Record | DamagedRecord]]:
    """Each chunk with its record, or with what is wrong with that, in place of raising it."""

    def read(chunk: str) -> tuple[str, Record | DamagedRecord] | None:
        try:
            return chunk, read_record(store, dataset, chunk)
        except DamagedRecord as error:
            return chunk, error
        except FileNotFoundError:
            return None

    with ThreadPoolExecutor(_READERS) as readers:
        yield from (found for found in readers.map(read, chunks) if found is not None)


def commit(store: Store, record: Record) -> Record:
    """Create the record, or give way to the one that is there; returns the one in force.

    The loser's parts are removed after the winner's record was read, the winner's never.
    """
    content = json.dumps(record.model_dump(mode="json"), indent=1).encode()
    if store.create(record_key(record.dataset, record.chunk), content):
        return record
    winner = read_record(store, record.dataset, record.chunk)
    if winner.attempt != record.attempt:
        discard_parts(store, record)
    return winner


def discard_parts(store: Store, record: Record) -> None:
    """Remove the parts of an attempt that no record names."""
    for part in (record.part, record.rejects):
        if part is not None:
            store.delete(part.key)


def _lineage_key(dataset: str) -> str:
    return f"datasets/{dataset}/lineage.json"


def record_key(dataset: str, chunk: str) -> str:
    """Where the record of a chunk is, or would be."""
    return f"datasets/{dataset}/commits/{chunk}.json"
