"""How a corpus changed from one listing to the next, as SQL over the documents of both.

Knows chunks that only one of two plans has: rows of all others cannot have changed.
"""

from itertools import pairwise

import duckdb

from data.records.datasets import committed_chunks, read_records
from data.records.seals import Seal
from data.sources.plan import load_plan
from data.sql import read_parts_by_name
from data.stores.store import OpenStore

# Pairs of rows, matched in steps from the surest to the loosest. A document that was named by its
# place is matched by its text before its name, since its name changes when rows are put above it.
_STEPS_BY_ID = ("doc_id, text_hash", "doc_id", "text_hash")
_STEPS_BY_PLACE = ("doc_id, text_hash", "text_hash", "doc_id")

_MATCH = """
    INSERT INTO matched
    WITH b AS (SELECT *, row_number() OVER (PARTITION BY {key} ORDER BY file, row) AS nth
               FROM before WHERE place NOT IN (SELECT before_place FROM matched)),
    a AS (SELECT *, row_number() OVER (PARTITION BY {key} ORDER BY file, row) AS nth
          FROM after WHERE place NOT IN (SELECT after_place FROM matched))
    SELECT b.place, a.place FROM b JOIN a USING ({key}, nth)
"""
_CLASSIFY = """
    INSERT INTO corpus_changes
    SELECT $seal, $corpus,
        CASE WHEN a.place IS NULL THEN 'deleted' WHEN b.place IS NULL THEN 'new'
             WHEN a.text_hash <> b.text_hash THEN 'changed' ELSE 'moved' END AS change,
        coalesce(a.doc_id, b.doc_id), a.file, a.row, b.file, b.row,
        coalesce(a.text_hash, b.text_hash)
    FROM matched m
    FULL JOIN after a ON a.place = m.after_place
    FULL JOIN before b ON b.place = m.before_place
    WHERE (a.file, a.row, a.doc_id, a.text_hash)
        IS DISTINCT FROM (b.file, b.row, b.doc_id, b.text_hash)
        AND (b.place IS NOT NULL OR $is_before_whole)
        AND (a.place IS NOT NULL OR $is_after_whole)
"""


def insert_changes(
    connection: duckdb.DuckDBPyConnection, store: OpenStore, seals: list[Seal]
) -> None:
    """Fill corpus_changes with the differences between consecutive plans of each corpus."""
    for before, after in pairwise(seals):
        old, new = (each.corpora.get(after.changed or "") for each in (before, after))
        if old and new and old.plan != new.plan:
            _compare(connection, store, (old.plan, new.plan), after)


def match_rows(connection: duckdb.DuckDBPyConnection, *, has_ids: bool) -> None:
    """Make the table matched: which row of the table before is which row of the table after."""
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE matched (before_place BIGINT, after_place BIGINT)"
    )
    for key in _STEPS_BY_ID if has_ids else _STEPS_BY_PLACE:
        connection.execute(_MATCH.format(key=key))


def _compare(
    connection: duckdb.DuckDBPyConnection, store: OpenStore, plans: tuple[str, str], seal: Seal
) -> None:
    before, after = (load_plan(store, name) for name in plans)
    old, new = ({chunk.name for chunk in plan.chunks} for plan in (before, after))
    assert seal.changed is not None
    dataset = seal.corpora[seal.changed].documents
    is_before_whole = _load(connection, store, "before", dataset, old - new)
    is_after_whole = _load(connection, store, "after", dataset, new - old)
    match_rows(connection, has_ids=after.corpus.id_column is not None)
    values = {  # rows beyond a limit are neither new nor deleted
        "is_before_whole": is_before_whole and before.corpus.limit is None,
        "is_after_whole": is_after_whole and after.corpus.limit is None,
    }
    connection.execute(_CLASSIFY, {"seal": seal.number, "corpus": seal.changed, **values})


def _load(
    connection: duckdb.DuckDBPyConnection,
    store: OpenStore,
    name: str,
    dataset: str,
    chunks: set[str],
) -> bool:
    """Show the documents of these chunks; False if some are owed, or were collected since."""
    there = set(store.list(f"datasets/{dataset}/parts"))
    committed = sorted(chunks & committed_chunks(store, dataset))
    keys = [record.part.key for record in read_records(store, dataset, committed) if record.part]
    paths = [store.location(key) for key in keys if key.rsplit("/", 1)[1] in there]
    source = read_parts_by_name(paths) if paths else "documents WHERE false"
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE {name} AS "
        f"SELECT doc_id, text_hash, file, row, row_number() OVER () AS place FROM {source}"
    )
    return len(committed) == len(chunks) and len(paths) == len(keys)
