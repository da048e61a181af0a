"""The tables of a catalog about labelers and people: who labels, how far, and what people say.

Knows stored labelers, runs and reviews. What a labeler's test said is in evaluation_tables.py.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence

import duckdb
from pydantic import JsonValue

from data.catalog.inserting import insert_rows
from data.catalog.views import space_names
from data.labels.labelers import label_versions
from data.labels.reviews import read_reviews
from data.labels.stored_labeler import StoredLabeler
from data.records.datasets import load_dataset
from data.records.runs import AuditDraw, DriftFigure, load_runs
from data.records.seals import Seal
from data.stores.store import OpenStore

_DDL = """
    CREATE TABLE labelers (
        labeler TEXT, version TEXT, dataset TEXT, task TEXT, labels TEXT[], label_schema TEXT,
        source TEXT, space TEXT, members TEXT[], method TEXT, parameters JSON,
        thresholds DOUBLE[], target_precision DOUBLE, min_score DOUBLE, is_in_force BOOLEAN,
        is_voter BOOLEAN);
    CREATE TABLE drift (
        run TEXT, corpus TEXT, labeler TEXT, version TEXT, statistic TEXT, value DOUBLE,
        upper_limit DOUBLE, documents BIGINT, look BOOLEAN);
    CREATE TABLE audit_sample (
        run TEXT, corpus TEXT, drawn_at TIMESTAMPTZ, chunk TEXT, row BIGINT, doc_id TEXT,
        text_hash BLOB, labeler TEXT, version TEXT, labels TEXT[], is_auto BOOLEAN);
    CREATE TABLE reviews (
        number BIGINT, chunk TEXT, row BIGINT, doc_id TEXT, text_hash BLOB, labeler TEXT,
        version TEXT, label TEXT, labels TEXT[], reason TEXT, reviewer TEXT,
        reviewed_at TIMESTAMPTZ);
"""
_LABELLED_CORPORA = """
    CREATE TABLE labelled_corpora AS
    SELECT labeler, version, corpus, dataset,
        coalesce(sum(rows), 0)::BIGINT AS labelled,
        coalesce(sum(rejected), 0)::BIGINT AS rejected,
        count(*) FILTER (NOT is_committed) AS owed_chunks,
        bool_and(is_committed) AS is_complete
    FROM chunks WHERE labeler IS NOT NULL
    GROUP BY ALL
    ORDER BY ALL
"""


def create_label_tables(
    connection: duckdb.DuckDBPyConnection,
    store: OpenStore,
    seal: Seal,
    labelers: Sequence[StoredLabeler],
) -> None:
    """Create and fill them; the table chunks is there already."""
    connection.execute(_DDL)
    known = {labeler.name: labeler for labeler in labelers}
    insert_rows(connection, "labelers", list(_labeler_rows(store, seal, known)))
    connection.execute(_LABELLED_CORPORA)
    _fill_from_runs(connection, store)
    connection.register("added", read_reviews(store))
    connection.execute("INSERT INTO reviews BY NAME FROM added")
    connection.unregister("added")


def spaces_by_fingerprint(store: OpenStore, seal: Seal) -> dict[str, str]:
    """The name in SQL of each space of a seal, by the fingerprint that labelers know it by."""
    names = space_names(store, seal)
    return {load_dataset(store, dataset).fingerprint: name for dataset, name in names.items()}


def _labeler_rows(
    store: OpenStore, seal: Seal, known: Mapping[str, StoredLabeler]
) -> Iterator[dict[str, JsonValue]]:
    datasets = {
        each.version: dataset
        for dataset, each in label_versions(store, seal, known.values()).items()
    }
    spaces = spaces_by_fingerprint(store, seal)
    in_force = set(seal.labelers.values())
    voters = set(_voters(known, in_force))
    for name, labeler in known.items():
        schema, source = labeler.label_schema, labeler.source
        yield {
            "labeler": labeler.title,
            "version": name,
            "dataset": datasets.get(name),
            "task": schema.task,
            "labels": list(schema.labels),
            "label_schema": schema.code,
            "source": source.kind,
            "space": spaces.get(source.space or "", source.name),
            "members": list(source.labelers),
            "method": labeler.method.name,
            "parameters": labeler.method.parameters,
            "thresholds": list(labeler.thresholds),
            "target_precision": labeler.decision.target_precision,
            "min_score": labeler.decision.min_score,
            "is_in_force": name in in_force,
            "is_voter": name in voters,
        }


def _voters(known: Mapping[str, StoredLabeler], names: Iterable[str]) -> Iterator[str]:
    """Labelers of single-label tasks; in place of an ensemble its members, which it repeats."""
    for labeler in (known[name] for name in names if name in known):
        if labeler.source.kind == "members":
            yield from _voters(known, labeler.source.labelers)
        elif labeler.label_schema.task == "single_label":
            yield labeler.name


def _fill_from_runs(connection: duckdb.DuckDBPyConnection, store: OpenStore) -> None:
    for record in load_runs(store):
        named: dict[str, object] = {"run": record.run, "corpus": record.corpus}
        drift = [named | _drift_row(figure) for figure in record.drift]
        insert_rows(connection, "drift", drift)
        named["drawn_at"] = record.ended_at
        insert_rows(connection, "audit_sample", [named | _audit_row(a) for a in record.audit])


def _audit_row(drawn: AuditDraw) -> dict[str, object]:
    text_hash = bytes.fromhex(drawn.text_hash)
    return drawn.model_dump() | {"text_hash": text_hash, "labels": list(drawn.labels)}


def _drift_row(figure: DriftFigure) -> dict[str, object]:
    """LIMIT is a word of SQL's own."""
    row = figure.model_dump()
    row["upper_limit"], row["documents"] = row.pop("limit"), row.pop("n")
    return row
