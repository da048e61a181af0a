"""The chunks of a dataset against their records: parts by their bytes, rows by the invariants.

Knows records, parts and plans. Reads one part at a time.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from data.checking.checks import rows_at_fault
from data.lineage import Dataset, DocumentsLineage
from data.records.datasets import (
    DamagedRecord,
    Record,
    committed_chunks,
    read_record,
    record_key,
    try_records,
)
from data.sources.chunks import Chunk
from data.sources.plan import Plan
from data.stores.store import DiskFull, OpenStore, Store, StoreError
from data.upkeep.damage import Damage, damage_of_part

_CHUNKS_AT_ONCE = 64
_REMEDY = "python -m data repair makes the chunk owed."


@dataclass(frozen=True, slots=True)
class ChunkBook:
    """What is known of chunks by their names: rows and corpus, and where its documents are."""

    chunks: dict[str, Chunk] = field(default_factory=dict)
    corpora: dict[str, str] = field(default_factory=dict)
    documents: dict[str, str] = field(default_factory=dict)

    def add_plan(self, plan: Plan) -> None:
        """Note the plan's chunks."""
        for chunk in plan.chunks:
            self.chunks[chunk.name] = chunk
            self.corpora[chunk.name] = plan.corpus.name

    def add_datasets(self, datasets: Iterable[Dataset]) -> None:
        """Note those that hold documents."""
        for dataset in datasets:
            if isinstance(dataset.lineage, DocumentsLineage):
                self.documents[dataset.lineage.corpus] = dataset.name

    def documents_of(self, chunk: str) -> str | None:
        """The dataset of the chunk's documents; None if no plan names it, or there is none."""
        return self.documents.get(self.corpora.get(chunk, ""))

    def place(self, chunk: str) -> str:
        """File and rows, for a person."""
        known = self.chunks.get(chunk)
        return known.place if known else f"chunk {chunk}"


def damaged_chunks(
    store: OpenStore, dataset: Dataset, book: ChunkBook, say: Callable[[str], None]
) -> Iterator[Damage]:
    """Each damaged chunk of a dataset, once for each file that is at fault."""
    chunks = sorted(committed_chunks(store, dataset.name))

    def damage(chunk: str, place: str, words: str) -> Damage:
        found, record = f"{words} ({book.place(chunk)})", record_key(dataset.name, chunk)
        return Damage(place, found, _REMEDY, record)

    for start in range(0, len(chunks), _CHUNKS_AT_ONCE):
        say(f"{dataset.name}: {start} of {len(chunks)} chunks")
        whole = []
        some = chunks[start : start + _CHUNKS_AT_ONCE]
        for chunk, record in try_records(store, dataset.name, some):
            wrong = list(_wrong_files(store, dataset.name, chunk, record))
            yield from (damage(chunk, key, words) for key, words in wrong)
            if not wrong and isinstance(record, Record):
                whole.append(record)
        for chunk, words in _wrong_rows(store, dataset.name, whole, book):
            yield damage(chunk, record_key(dataset.name, chunk), words)


def _wrong_files(
    store: Store, dataset: str, chunk: str, record: Record | DamagedRecord
) -> Iterator[tuple[str, str]]:
    """The chunk's files that are not what was written, with what they are."""
    if isinstance(record, DamagedRecord):
        yield record_key(dataset, chunk), "it is cut off, or its counts disagree"
        return
    if (record.dataset, record.chunk) != (dataset, chunk):
        yield record_key(dataset, chunk), f"it is the record of {record.dataset} {record.chunk}"
    for part in (record.part, record.rejects):
        words = damage_of_part(store, part) if part else None
        if part and words:
            yield part.key, words


def _wrong_rows(
    store: OpenStore, dataset: str, records: Iterable[Record], book: ChunkBook
) -> Iterator[tuple[str, str]]:
    """Chunks whose rows do not add up, with the counts.

    What no plan names is not counted, nor what has no documents: these are owed then.
    """
    countable: dict[str, list[Chunk]] = defaultdict(list)
    for record in records:
        documents = book.documents_of(record.chunk)
        if documents is None:
            continue
        digest = _digest(store, documents, record.chunk)
        if digest == record.texts_digest:
            countable[documents].append(book.chunks[record.chunk])
        elif digest is not None:
            yield record.chunk, "its texts are not those of the documents"
    for documents, chunks in countable.items():
        yield from _miscounted(store, documents, dataset, chunks)


def _digest(store: Store, documents: str, chunk: str) -> str | None:
    try:
        return read_record(store, documents, chunk).texts_digest
    except (FileNotFoundError, DamagedRecord):
        return None


def _miscounted(
    store: OpenStore, documents: str, dataset: str, chunks: list[Chunk]
) -> Iterator[tuple[str, str]]:
    """Count all at once, and one by one only if something is at fault."""
    try:
        words = rows_at_fault(store, documents, dataset, chunks)
    except DiskFull:
        raise
    except (StoreError, ValueError) as error:
        # Its own files are whole: at fault are the documents or the labeler, named elsewhere.
        words = "" if len(chunks) == 1 else str(error)
    if words and len(chunks) == 1:
        yield chunks[0].name, words
    elif words:
        for chunk in chunks:
            yield from _miscounted(store, documents, dataset, [chunk])
