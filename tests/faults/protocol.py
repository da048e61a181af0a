"""A run over sources in memory, by the product's own plans, datasets, records and seals; and what
the product takes for garbage.

A part is a line of text, since Parquet is not what is tried here; so rows are checked here too, and
not in SQL.
"""

import hashlib
from collections.abc import Callable, Iterable
from typing import Any

from data import (
    Chunk,
    Dataset,
    Record,
    SealRequest,
    committed_chunks,
    new_attempt,
    newest_seal,
    part_keys,
    pending_chunks,
    read_record,
    resolve_dataset,
    save_plan,
    seal_corpus,
)
from data.records.datasets import Part
from data.stores.store import read_bytes
from data.upkeep.collecting import Clock, unnamed_parts
from tasks.step import _commit
from tests.commits import documents_of, space
from tests.faults.memory_store import MemoryStore
from tests.faults.sources import ROWS, Sources

SPACES = {name: space(f"bert_{name}") for name in ("mean", "cls")}
GRACE_H = 24 * 7

SealBefore = Callable[[Any, int], int]


def seen_before(_store: Any, before: int) -> int:
    """The seal that the run saw before it listed the corpus, as it should be."""
    return before


def seen_now(store: Any, _before: int = 0) -> int:
    """The seal that is there now: too late to notice that somebody has changed the plan."""
    seal = newest_seal(store)
    return seal.number if seal else 0


def run_over(
    store: Any,
    sources: Sources,
    spaces: Iterable[Dataset],
    name: str,
    listed: Callable[[str], None],
    seal_before: SealBefore = seen_before,
) -> None:
    """A run: list, name the datasets, do what is owed, seal."""
    corpus = sources.corpus.name
    before = seen_now(store)
    plan = sources.plan()
    listed(name)
    save_plan(store, plan)
    documents = documents_of(store, plan)
    datasets = [documents, *(resolve_dataset(store, each) for each in spaces)]
    committed = [committed_chunks(store, each.name) for each in datasets]
    for chunk in pending_chunks(plan, committed):
        owed = [
            each.name
            for each, done in zip(datasets, committed, strict=True)
            if chunk.name not in done
        ]
        file = next(each for each in plan.files if each.path == chunk.path)
        _do_chunk(store, documents.name, owed, chunk, sources.text(file))
    request = SealRequest(
        corpus=corpus,
        plan=plan.name,
        seal_before=seal_before(store, before),
        documents=documents.name,
        spaces=tuple(each.name for each in datasets[1:]),
        run=name,
    )
    seal_corpus(store, request)


def _do_chunk(store: Any, documents: str, owed: list[str], chunk: Chunk, text: str) -> None:
    digest = checksum(text.encode())
    if documents not in owed and read_record(store, documents, chunk.name).texts_digest != digest:
        return
    attempt = new_attempt()
    _commit(store, [_write(store, each, chunk, text, attempt) for each in owed], digest)


def _write(store: Any, dataset: str, chunk: Chunk, text: str, attempt: str) -> Record:
    key, _ = part_keys(dataset, chunk.name, attempt)
    content = f"{dataset} {chunk.name} {text}".encode()
    with store.write(key) as file:
        file.write(content)
    part = Part(key=key, rows=ROWS, size_bytes=len(content), checksum=checksum(content))
    return Record(
        dataset=dataset, chunk=chunk.name, attempt=attempt, rows_in=ROWS, rows=ROWS, rejected=0,
        texts_digest=checksum(text.encode()), part=part, rejects=None,
    )  # fmt: skip


def checksum(content: bytes) -> str:
    """As parts and texts have it here."""
    return hashlib.blake2b(content, digest_size=16).hexdigest()


def collect_garbage(store: Any, clock: MemoryStore, grace_h: float) -> None:
    """Delete what the product takes for garbage, by the store's clock."""
    for key in unnamed_parts(store, Clock(clock.written_at, clock.now - grace_h)):
        store.delete(key)


# what is looked at --------------------------------------------------------------------------------


def records_by_key(store: MemoryStore) -> dict[str, bytes]:
    """Every file that is created once and stays: records and seals."""
    return {
        key: content
        for key, content in store.files.items()
        if "/commits/" in key or key.startswith("seals/")
    }


def unsound_records(store: MemoryStore) -> list[str]:
    """Records whose part is not there whole, or whose texts are not those of the documents."""
    wrong = []
    for key in records_by_key(store):
        if "/commits/" not in key:
            continue
        record = Record.model_validate_json(read_bytes(store, key))
        content = store.files.get(record.part.key)
        if content is None or checksum(content) != record.part.checksum:
            wrong.append(f"{key}: its part is not there whole")
        elif record.texts_digest not in _documents_digests(store, record.chunk):
            wrong.append(f"{key}: its texts are not those of the documents")
    return wrong


def _documents_digests(store: MemoryStore, chunk: str) -> set[str]:
    return {
        Record.model_validate_json(content).texts_digest
        for key, content in store.files.items()
        if key.endswith(f"/commits/{chunk}.json")
        and key.split("/")[1].startswith(("notes", "mails"))
    }
