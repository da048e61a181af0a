"""Which documents have other labels than before, and why: from one seal to the next.

Knows which labeler of a title was in force, and which chunks it had labelled. A chunk that the same
labeler had labelled before cannot have changed, and is not read.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial

import duckdb

from data.catalog.changes import match_rows
from data.labels.labelers import LabelVersion, label_versions
from data.labels.stored_labeler import StoredLabeler
from data.records.datasets import committed_chunks, read_records
from data.records.seals import CorpusSeal, Seal
from data.sources.plan import load_plan
from data.sql import quote_text, read_parts
from data.stores.store import OpenStore

_DDL = """
    CREATE TABLE label_changes (
        seal BIGINT, corpus TEXT, labeler TEXT, version_before TEXT, version_after TEXT,
        doc_id TEXT, chunk TEXT, row BIGINT, label_before TEXT, label_after TEXT,
        labels_before TEXT[], labels_after TEXT[], score_before FLOAT, score_after FLOAT,
        because TEXT)
"""
_LOAD = """
    CREATE OR REPLACE TEMP TABLE {name} AS
    SELECT *, chunk AS file, row_number() OVER () AS place FROM ({rows})
"""
_COLUMNS = "doc_id, text_hash, chunk, row, label, labels, score"
_NOTHING = """
    SELECT NULL::TEXT AS doc_id, NULL::BLOB AS text_hash, NULL::TEXT AS chunk, NULL::BIGINT AS row,
        NULL::TEXT AS label, NULL::TEXT[] AS labels, NULL::FLOAT AS score, NULL::TEXT AS version
    WHERE false
"""
_CLASSIFY = """
    INSERT INTO label_changes
    SELECT $seal, $corpus, $labeler, b.version, a.version, a.doc_id, a.chunk, a.row, b.label,
        a.label, b.labels, a.labels, b.score, a.score,
        CASE WHEN a.text_hash <> b.text_hash AND a.version <> b.version THEN 'both'
             WHEN a.text_hash <> b.text_hash THEN 'text'
             WHEN a.version <> b.version THEN 'labeler' ELSE 'recomputed' END
    FROM matched m
    JOIN after a ON a.place = m.after_place
    JOIN before b ON b.place = m.before_place
    WHERE list_sort(a.labels) <> list_sort(b.labels)
"""

# The dataset that holds the labels of each chunk.
_Labelled = dict[str, str]


@dataclass(frozen=True, slots=True)
class _Comparison:
    """Chunks that a title labelled at a seal, and those where the same documents may have been."""

    seal: int
    corpus: str
    labeler: str
    has_ids: bool
    before: _Labelled
    after: _Labelled


def insert_label_changes(
    connection: duckdb.DuckDBPyConnection,
    store: OpenStore,
    seals: Sequence[Seal],
    labelers: Sequence[StoredLabeler],
) -> None:
    """Create and fill label_changes: documents that had labels of a title before, and have others.

    A labeler that was put in force is compared with the one before as it labels chunk after chunk.
    """
    connection.execute(_DDL)
    versions: dict[str, LabelVersion] = {}
    for seal in seals:
        versions |= label_versions(store, seal, labelers)
    for each in _comparisons(store, seals, versions):
        _load(connection, store, "before", each.before, versions)
        _load(connection, store, "after", each.after, versions)
        match_rows(connection, has_ids=each.has_ids)
        values = {"seal": each.seal, "corpus": each.corpus, "labeler": each.labeler}
        connection.execute(_CLASSIFY, values)


def _comparisons(
    store: OpenStore, seals: Sequence[Seal], versions: Mapping[str, LabelVersion]
) -> Iterator[_Comparison]:
    """What is to be compared, oldest first; `said` is what each title said last of each corpus."""
    plan_of = cache(partial(load_plan, store))
    committed = cache(partial(committed_chunks, store))
    said: dict[tuple[str, str], _Labelled] = {}
    seen: dict[tuple[str, str], tuple[str, CorpusSeal]] = {}
    for seal in seals:
        for corpus, title, dataset in _in_force(seal, versions):
            key, sealed = (corpus, title), seal.corpora[corpus]
            if seen.get(key) == (dataset, sealed):
                continue
            seen[key] = dataset, sealed
            plan = plan_of(sealed.plan)
            planned = {chunk.name for chunk in plan.chunks}
            new = planned & committed(dataset) - set(sealed.owed.get(dataset, ()))
            old = said.get(key, {})
            after = {chunk: dataset for chunk in new if old.get(chunk) != dataset}
            before = {c: old[c] for c in old if c in after or c not in planned}
            if before and after:
                has_ids = plan.corpus.id_column is not None
                yield _Comparison(seal.number, corpus, title, has_ids, before, after)
            is_done = new == planned  # else the text of a chunk that is gone may still turn up
            kept = {c: old[c] for c in old if c in planned or not is_done}
            said[key] = kept | dict.fromkeys(new, dataset)


def _in_force(seal: Seal, versions: Mapping[str, LabelVersion]) -> Iterator[tuple[str, str, str]]:
    """Each corpus with the title and dataset of each labeler in force that has labelled it."""
    for corpus, sealed in seal.corpora.items():
        for dataset in sealed.labelers:
            title, version = versions[dataset]
            if seal.labelers.get(title) == version:
                yield corpus, title, dataset


def _load(
    connection: duckdb.DuckDBPyConnection,
    store: OpenStore,
    name: str,
    labelled: _Labelled,
    versions: Mapping[str, LabelVersion],
) -> None:
    """Show the labels of these chunks; parts that were collected since are passed over."""
    selects = [_NOTHING]
    for dataset in sorted(set(labelled.values())):
        chunks = sorted(chunk for chunk in labelled if labelled[chunk] == dataset)
        there = set(store.list(f"datasets/{dataset}/parts"))
        records = read_records(store, dataset, chunks)
        keys = [record.part.key for record in records if record.part]
        paths = [store.location(key) for key in keys if key.rsplit("/", 1)[1] in there]
        if paths:
            version = quote_text(versions[dataset].version)
            selects.append(f"SELECT {_COLUMNS}, {version} AS version FROM {read_parts(paths)}")
    connection.execute(_LOAD.format(name=name, rows=" UNION ALL ".join(selects)))
