"""What changed from one listing to the next: new, changed, moved, deleted."""

from pathlib import Path
from typing import Any

import pytest

from data import LocalStore, publish_catalog
from tests.commits import commit_documents
from tests.stores import ask, corpus_of, embed, list_corpus, seal, tiny_store, write_texts

CHANGES = """
    SELECT change, doc_id, file, row, file_before, row_before FROM corpus_changes
    ORDER BY seal, change, file, row, file_before, row_before
"""


class Listings:
    """A corpus of named files that is written and embedded again and again."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.store = folder / "texts", tiny_store(folder / "store")

    def embed(self, files: dict[str, Any], chunk_rows: int = 1_000, **spec: Any) -> list[Any]:
        """Make the corpus hold these files and run; the changes of all runs so far."""
        self.write(files)
        embed(self.store, corpus_of(self.folder, **spec), chunk_rows=chunk_rows)
        return ask(self.store, CHANGES)

    def write(self, files: dict[str, Any]) -> None:
        """Each file has a list of texts, or `keyed` ones."""
        for path in self.folder.glob("*.parquet"):
            path.unlink()
        for name, rows in files.items():
            columns = rows if isinstance(rows, dict) else {"texts": rows}
            write_texts(self.folder / f"{name}.parquet", **columns)


@pytest.fixture
def listings(tmp_path: Path) -> Listings:
    return Listings(tmp_path)


def keyed(**texts: str) -> dict[str, Any]:
    return {"texts": list(texts.values()), "key": list(texts)}


def test_a_first_listing_changes_nothing(listings: Listings) -> None:
    assert listings.embed({"a": ["one", "two"]}) == []


def test_an_unchanged_listing_changes_nothing(listings: Listings) -> None:
    listings.embed({"a": ["one", "two"]})
    assert listings.embed({"a": ["one", "two"]}) == []


def test_a_text_that_was_edited_in_its_place_is_changed(listings: Listings) -> None:
    listings.embed({"a": ["one", "two"]})
    assert listings.embed({"a": ["one", "TWO"]}) == [
        ("changed", "a.parquet#1", "a.parquet", 1, "a.parquet", 1)
    ]


def test_a_new_file_and_a_lost_one_are_new_and_deleted(listings: Listings) -> None:
    listings.embed({"a": ["one"], "b": ["two"]})
    assert listings.embed({"a": ["one"], "c": ["three"]}) == [
        ("deleted", "b.parquet#0", None, None, "b.parquet", 0),
        ("new", "c.parquet#0", "c.parquet", 0, None, None),
    ]


def test_a_renamed_file_moves_its_documents(listings: Listings) -> None:
    listings.embed({"a": ["one", "two"]})
    assert listings.embed({"b": ["one", "two"]}) == [
        ("moved", "b.parquet#0", "b.parquet", 0, "a.parquet", 0),
        ("moved", "b.parquet#1", "b.parquet", 1, "a.parquet", 1),
    ]


def test_a_row_put_above_the_others_moves_them_and_is_new_itself(listings: Listings) -> None:
    listings.embed({"a": ["one", "two"]})
    assert listings.embed({"a": ["zero", "one", "two"]}) == [
        ("moved", "a.parquet#1", "a.parquet", 1, "a.parquet", 0),
        ("moved", "a.parquet#2", "a.parquet", 2, "a.parquet", 1),
        ("new", "a.parquet#0", "a.parquet", 0, None, None),
    ]


def test_an_id_follows_its_document_whatever_its_text(listings: Listings) -> None:
    listings.embed({"a": keyed(k1="one", k2="two", k3="three")}, id_column="key")
    assert listings.embed({"a": keyed(k3="three", k1="ONE", k4="four")}, id_column="key") == [
        ("changed", "k1", "a.parquet", 1, "a.parquet", 0),
        ("deleted", "k2", None, None, "a.parquet", 1),
        ("moved", "k3", "a.parquet", 0, "a.parquet", 2),
        ("new", "k4", "a.parquet", 2, None, None),
    ]


def test_ids_that_occur_twice_are_matched_one_by_one(listings: Listings) -> None:
    twice = {"texts": ["one", "two", "three"], "key": ["k", "k", "k"]}
    listings.embed({"a": twice}, id_column="key")
    once_more = {"texts": ["one", "three", "three"], "key": ["k", "k", "k"]}
    assert listings.embed({"a": once_more}, id_column="key") == [
        ("changed", "k", "a.parquet", 2, "a.parquet", 1),
        ("moved", "k", "a.parquet", 1, "a.parquet", 2),
    ]


def test_equal_texts_are_matched_one_by_one(listings: Listings) -> None:
    listings.embed({"a": ["same", "same"]})
    assert listings.embed({"b": ["same", "same", "same"]}) == [
        ("moved", "b.parquet#0", "b.parquet", 0, "a.parquet", 0),
        ("moved", "b.parquet#1", "b.parquet", 1, "a.parquet", 1),
        ("new", "b.parquet#2", "b.parquet", 2, None, None),
    ]


def test_cutting_or_carrying_otherwise_changes_no_document(listings: Listings) -> None:
    listings.embed({"a": ["one", "two", "three"]})
    assert listings.embed({"a": ["one", "two", "three"]}, chunk_rows=1) == []
    assert listings.embed({"a": ["one", "two", "three"]}, carry_columns=["text"]) == []


def test_every_listing_keeps_its_changes(listings: Listings) -> None:
    listings.embed({"a": ["one"]})
    listings.embed({"a": ["one"], "b": ["two"]})
    changes = listings.embed({"b": ["two"]})
    assert [(row[0], row[1]) for row in changes] == [
        ("new", "b.parquet#0"),
        ("deleted", "a.parquet#0"),
    ]
    assert ask(listings.store, "SELECT DISTINCT seal FROM corpus_changes ORDER BY 1") == [2, 3]


def test_what_another_corpus_does_changes_nothing_here(listings: Listings, tmp_path: Path) -> None:
    listings.embed({"a": ["one"]})
    write_texts(tmp_path / "other" / "a.parquet", ["two"])
    embed(listings.store, corpus_of(tmp_path / "other", "other"))
    assert listings.embed({"a": ["one"]}) == []


def test_rows_beyond_a_limit_are_neither_deleted_nor_new(listings: Listings) -> None:
    rows = {"a": ["one", "two", "three"]}

    assert listings.embed(rows) == []
    assert listings.embed(rows, limit=1) == []
    assert listings.embed(rows) == []


def test_owed_chunks_are_neither_deleted_nor_new(listings: Listings) -> None:
    def publish(store: LocalStore, texts: list[str], done: int) -> list[Any]:
        listings.write({"a": texts})
        plan = list_corpus(store, corpus_of(listings.folder), chunk_rows=1)
        commit_documents(store, plan, [chunk.name for chunk in plan.chunks[:done]])
        seal(store, plan)
        publish_catalog(store)
        return ask(store, CHANGES)

    store = listings.store
    publish(store, ["one", "two"], 2)
    assert publish(store, ["one", "TWO", "three"], 1) == []  # two is not seen to be deleted yet
    assert publish(store, ["one", "TWO", "three", "four"], 4) == []  # three may not be new


def test_a_listing_that_is_finished_later_tells_its_changes_then(listings: Listings) -> None:
    store = listings.store
    listings.embed({"a": ["one", "two"]})
    listings.write({"b": ["one", "new"]})
    plan = list_corpus(store, corpus_of(listings.folder), chunk_rows=1)
    commit_documents(store, plan, [plan.chunks[0].name])
    seal(store, plan)
    commit_documents(store, plan)
    seal(store, plan)
    publish_catalog(store)
    assert ask(store, CHANGES) == [
        ("deleted", "a.parquet#1", None, None, "a.parquet", 1),
        ("moved", "b.parquet#0", "b.parquet", 0, "a.parquet", 0),
        ("new", "b.parquet#1", "b.parquet", 1, None, None),
    ]
