"""Texts that were taken out of the sources are in no file of a store after a purge."""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from data import LocalStore, StoreError, promote, publish_catalog, read_reviews, save_reviews
from data.labels.reviews import finish_keeping
from data.upkeep.collecting import superseded_chunks
from data.upkeep.garbage import Garbage, clock_of
from data.upkeep.purging import list_purged, num_forgotten, purge
from data.upkeep.repairing import make_owed
from data.upkeep.verifying import find_damage
from tests.commits import commit_documents, space
from tests.labels import MOMENT, keep_labeler, label
from tests.stores import ask, corpus_of, embed, files_below, list_corpus, seal, tiny_store
from tests.stores import write_texts as write

FILM, NEWS = [1.0, 0.0, 0.0], [0.0, 1.0, 0.0]
SECRET = "what Ada told nobody"
SAYS = {"one": FILM, SECRET: NEWS, "two": NEWS, "three": FILM}
MEAN = space("bert_mean")
CHANGES = "SELECT change, doc_id FROM corpus_changes ORDER BY ALL"


class House:
    """A corpus whose text is carried, embedded and labelled again and again."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.store = folder / "texts", tiny_store(folder / "store")
        self.labeler = keep_labeler(self.store)
        promote(self.store, self.labeler)

    def run(self, *texts: str) -> None:
        """Write the texts, embed and label them."""
        write(self.folder / "a.parquet", list(texts), row_group_size=2)
        corpus = corpus_of(self.folder, carry_columns=("text",))
        plan = embed(self.store, corpus, MEAN, chunk_rows=2)
        label(self.store, plan, {self.labeler: SAYS})

    def review(self, *texts: str) -> None:
        """Somebody looks at the documents of these texts."""
        query = "SELECT chunk, row, doc_id, text_hash FROM documents WHERE text = $text"
        rows = [ask(self.store, query, text=text)[0] for text in texts]
        names = ("chunk", "row", "doc_id", "text_hash")
        said = {"labeler": "topic", "version": self.labeler, "label": "film", "labels": ["film"]}
        said |= {"reason": "review", "reviewed_at": MOMENT}
        table = [dict(zip(names, row, strict=True)) | said for row in rows]
        save_reviews(self.store, pa.Table.from_pylist(table))
        publish_catalog(self.store)

    def holders(self, text: str) -> set[str]:
        """The files that hold the text, as bytes or as a value of a column."""
        return {name for name in files_below(self.store.root) if _holds(self.store, name, text)}


def _holds(store: LocalStore, name: str, text: str) -> bool:
    path = store.root / name
    if text.encode() in path.read_bytes():
        return True
    if name.endswith(".parquet"):
        return text in str(pq.read_table(path).to_pylist())
    return name.endswith(".duckdb") and any(text in str(rows) for rows in _tables(path))


def _tables(catalog: Path) -> list[Any]:
    with duckdb.connect(str(catalog), read_only=True) as connection:
        names = connection.execute("SELECT table_name FROM duckdb_tables()").fetchall()
        return [connection.execute(f"FROM {name}").fetchall() for (name,) in names]


@pytest.fixture
def house(tmp_path: Path) -> House:
    house = House(tmp_path)
    house.run("one", SECRET, "two")
    house.review("one", SECRET)
    house.review(SECRET)
    return house


def test_after_a_purge_no_file_holds_a_text_that_is_gone(house: House) -> None:
    killed = sorted(house.store.root.glob("datasets/notes-*/parts/*.parquet"))[0]
    killed.with_name(f"{killed.name[:21]}{'0' * 12}.parquet").write_bytes(killed.read_bytes())
    house.run("one", "two")
    kinds = {name.split("/")[0] for name in house.holders(SECRET)}
    assert kinds == {"datasets", "catalog"}

    forgotten, removed = purge(house.store)

    assert house.holders(SECRET) == set()
    assert forgotten == 2
    assert len(removed) == len({each.place for each in removed})
    assert len(house.holders("one")) >= 2  # its part and the catalog
    assert list(find_damage(house.store, lambda _: None)) == []


def test_a_text_that_a_killed_run_alone_had_seen_is_purged(house: House) -> None:
    write(house.folder / "b.parquet", ["a secret of a day"])
    corpus = corpus_of(house.folder, carry_columns=("text",))
    commit_documents(house.store, list_corpus(house.store, corpus, chunk_rows=2))
    (house.folder / "b.parquet").unlink()
    house.run("one", SECRET, "two")
    assert house.holders("a secret of a day")

    purge(house.store)

    assert house.holders("a secret of a day") == set()
    assert ask(house.store, "SELECT count(*) FROM documents") == [3]


def test_a_purge_takes_reviews_of_gone_texts_and_no_others(house: House) -> None:
    house.run("one", "two")
    assert num_forgotten(house.store) == 2
    purge(house.store)
    kept = read_reviews(house.store)
    assert kept["number"].to_pylist() == [1]
    assert kept["doc_id"].to_pylist() == ["a.parquet#0"]
    assert ask(house.store, "SELECT count(*) FROM reviews") == [1]
    assert purge(house.store)[0] == 0


def test_what_a_purge_lists_beforehand_is_what_it_removes(house: House) -> None:
    house.run("one", "two")
    listed = _without_catalogs(list_purged(house.store))
    assert listed == _without_catalogs(purge(house.store)[1])


def _without_catalogs(garbage: Iterable[Garbage]) -> list[str]:
    """Publishing removes some, and makes others old."""
    return [each.place for each in garbage if not each.place.startswith("catalog/")]


def test_a_text_that_was_deleted_and_purged_is_not_told_and_later_changes_are(
    house: House,
) -> None:
    house.run("one", "two")
    assert ask(house.store, CHANGES) == [
        ("deleted", "a.parquet#1"),
        ("moved", "a.parquet#1"),
    ]
    purge(house.store)
    assert ask(house.store, CHANGES) == []
    house.run("one", "two", "three")
    assert ask(house.store, CHANGES) == [("new", "a.parquet#2")]
    assert ask(house.store, "SELECT count(*) FROM label_changes") == [0]


@pytest.mark.parametrize("trouble", ["owed", "unreadable", "limit", "repaired"])
def test_a_store_that_does_not_show_all_its_documents_is_not_purged(
    house: House, trouble: str
) -> None:
    if trouble == "owed":
        write(house.folder / "b.parquet", ["three"])
        plan = list_corpus(house.store, corpus_of(house.folder), chunk_rows=2)
        commit_documents(house.store, plan, [plan.chunks[0].name])
    elif trouble == "limit":
        plan = list_corpus(house.store, corpus_of(house.folder, limit=1), chunk_rows=2)
        commit_documents(house.store, plan)
    elif trouble == "repaired":
        next(house.store.root.glob("datasets/notes-*/parts/*.parquet")).unlink()
    else:
        (house.folder / "b.parquet").write_bytes(b"no Parquet")
        plan = list_corpus(house.store, corpus_of(house.folder), chunk_rows=2)
        commit_documents(house.store, plan)
    if trouble == "repaired":
        make_owed(house.store, find_damage(house.store, lambda _: None))
    else:
        seal(house.store, plan)
    before = files_below(house.store.root)
    with pytest.raises(StoreError, match="would pass for gone"):
        purge(house.store)
    assert files_below(house.store.root) == before


@pytest.mark.parametrize("size", [0, 100])
def test_superseded_chunks_whose_records_are_damaged_are_repaired_before_a_purge(
    house: House, size: int
) -> None:
    """Which parts are theirs is not known until then: a purge would leave them, and the text."""
    house.run("one", "two")
    gone = superseded_chunks(house.store, clock_of(house.store, 0), set(), is_quiet=True)
    records = [record for record, *_ in gone]
    for record in records:
        os.truncate(house.store.root / record, size)
    before = files_below(house.store.root)
    for ask_for in (purge, lambda store: list(list_purged(store))):
        with pytest.raises(StoreError, match=f"{records[0]}.*repair {house.store.root} first"):
            ask_for(house.store)
        assert files_below(house.store.root) == before

    assert set(make_owed(house.store, find_damage(house.store, lambda _: None))) == set(records)
    purge(house.store)

    assert house.holders(SECRET) == set()
    assert list(find_damage(house.store, lambda _: None)) == []
    assert ask(house.store, "SELECT count(*) FROM documents") == [2]


@pytest.mark.parametrize("was_removed", [False, True])
def test_reviews_survive_a_purge_that_was_killed_while_it_rewrote_them(
    house: House, was_removed: bool
) -> None:
    store, before = house.store, read_reviews(house.store)
    with store.read("reviews/1.parquet") as file:
        store.create("reviews/1.kept", file.read())
    if was_removed:
        store.delete("reviews/1.parquet")
    finish_keeping(store)
    assert store.list("reviews") == ["1.parquet", "2.parquet"]
    assert read_reviews(store).equals(before)


def test_reviews_that_wait_for_their_place_keep_it(house: House) -> None:
    store = house.store
    with store.read("reviews/2.parquet") as file:
        store.create("reviews/2.kept", file.read())
    kept = read_reviews(store)
    store.delete("reviews/2.parquet")

    assert save_reviews(store, read_reviews(store).drop_columns(["number"])) == 3
    finish_keeping(store)

    found = read_reviews(store)
    assert found.slice(0, len(kept)).equals(kept)
    assert store.list("reviews") == ["1.parquet", "2.parquet", "3.parquet"]


def test_a_listing_that_came_back_is_no_superseded_one(house: House) -> None:
    """Its plan was sealed long ago, and is in force again."""
    path = house.folder / "a.parquet"
    content, times = path.read_bytes(), path.stat()
    house.run("one", "two")
    path.write_bytes(content)
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    corpus = corpus_of(house.folder, carry_columns=("text",))
    plan = embed(house.store, corpus, MEAN, chunk_rows=2)
    gone = list(superseded_chunks(house.store, clock_of(house.store, 0), set()))
    names = {key.rsplit("/", 1)[1].removesuffix(".json") for key, *_ in gone}
    assert len(names) == 1
    assert names.isdisjoint(chunk.name for chunk in plan.chunks)
