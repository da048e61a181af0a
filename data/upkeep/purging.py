"""Purge: nothing stays of texts that were taken out of the sources, but what is said here.

Knows superseded chunks, catalogs and reviews. Stays: names and hashes of documents in runs, plans
and tests of labelers, and what labelers and poolings have learned.
"""

from collections import Counter
from collections.abc import Iterable, Iterator

import pyarrow as pa

from data.catalog.publishing import newest_catalog, publish_catalog
from data.catalog.review_rows import known_texts
from data.labels.reviews import finish_keeping, keep_reviews, read_review_file, review_numbers
from data.records.datasets import DamagedRecord, committed_chunks, record_key, try_records
from data.records.owed import owed_chunks
from data.records.seals import newest_seal
from data.sources.plan import load_plan
from data.stores.store import OpenStore, StoreError
from data.upkeep.garbage import Garbage, clock_of, list_garbage, list_unplanned

_NAMED = 10  # more would fill the screen; repair names them all


def list_purged(store: OpenStore) -> Iterator[Garbage]:
    """Superseded chunks and all garbage, however young: no run may be under way."""
    _check_whole(store)
    _check_records(store)
    clock = clock_of(store, grace_h=0)
    yield from list_unplanned(store, clock, set(), is_quiet=True)
    yield from list_garbage(store, clock)


def num_forgotten(store: OpenStore) -> int:
    """Reviews of texts that no document has any more, by the newest catalog."""
    return sum(len(table) - len(kept) for _, table, kept in _reviews(store))


def purge(store: OpenStore) -> tuple[int, list[Garbage]]:
    """Remove superseded chunks and reviews of texts that are gone; publish; remove all garbage.

    Returns how many reviews and what files were removed.

    Raises:
        StoreError: the store does not show all its documents, a record cannot be read, or the
            catalog cannot be built.
    """
    _check_whole(store)
    _check_records(store)
    finish_keeping(store)
    clock = clock_of(store, grace_h=0)
    removed = _remove(list_unplanned(store, clock, set(), is_quiet=True))
    publish_catalog(store)
    forgotten = num_forgotten(store)
    if forgotten:
        for number, table, kept in _reviews(store):
            if len(kept) < len(table):
                keep_reviews(store, number, kept)
        publish_catalog(store)
    return forgotten, removed + _remove(list_garbage(store, clock_of(store, grace_h=0)))


def _remove(garbage: Iterable[Garbage]) -> list[Garbage]:
    found = list(garbage)
    for each in found:
        each.remove()
    return found


def _reviews(store: OpenStore) -> Iterator[tuple[int, pa.Table, pa.Table]]:
    """The number of each file, its reviews, and those of texts that a document has."""
    catalog = newest_catalog(store)
    assert catalog is not None
    for number in review_numbers(store):
        table = read_review_file(store, number)
        hashes = [text_hash.hex().upper() for text_hash in table["text_hash"].to_pylist()]
        known = known_texts(catalog, pa.array(hashes, pa.string()))
        yield number, table, table.filter(pa.array([each in known for each in hashes]))


def _check_whole(store: OpenStore) -> None:
    """Refuse a store that does not show all its documents, whose reviews would be lost.

    Raises:
        StoreError: nothing is sealed, documents are owed, files could not be read, or the corpus
            was read up to a limit.
    """
    seal = newest_seal(store)
    if seal is None:
        raise StoreError(f"nothing is sealed in {store.root} yet. Run embed-corpus first.")
    lacking = Counter((each.corpus, each.dataset) for each in owed_chunks(store, seal))
    for name, corpus in seal.corpora.items():
        plan, owed = load_plan(store, corpus.plan), lacking[name, corpus.documents]
        if owed or plan.unreadable:
            raise StoreError(
                f"corpus {name!r}: {owed} chunks of its documents are owed and "
                f"{len(plan.unreadable)} of its files cannot be read, so texts that are still "
                "there would pass for gone. Mend or remove those files and run embed-corpus again; "
                "then purge."
            )
        if plan.corpus.limit is not None:
            raise StoreError(
                f"corpus {name!r} was last read with corpus.limit {plan.corpus.limit}, so texts "
                "beyond it would pass for gone. Run embed-corpus without a limit; then purge."
            )


def _check_records(store: OpenStore) -> None:
    """Refuse while a record cannot be read: which parts are its chunk's is not known, so all stay.

    Raises:
        StoreError: one cannot, be its chunk superseded or not.
    """
    damaged = [
        record_key(dataset, chunk)
        for dataset in store.list("datasets")
        for chunk, record in try_records(store, dataset, sorted(committed_chunks(store, dataset)))
        if isinstance(record, DamagedRecord)
    ]
    if damaged:
        raise StoreError(
            "commit records cannot be read, so the texts of their chunks would stay: "
            f"{', '.join(damaged[:_NAMED])}{' ...' if damaged[_NAMED:] else ''}; {len(damaged)} in "
            f"all. Run python -m data repair {store.root} first; then purge."
        )
