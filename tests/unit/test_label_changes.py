"""Documents whose labels differ from before: since their text changed, or who labels them."""

from pathlib import Path
from typing import Any

import pytest

import data.catalog.label_changes
from data import (
    LocalStore,
    labeler_dataset,
    load_dataset,
    promote,
    publish_catalog,
    read_record,
    retire,
)
from tests.commits import commit_documents
from tests.labels import Says, commit_labels, keep_labeler, label, seal_labels
from tests.stores import ask, corpus_of, embed, list_corpus, tiny_store, write_texts

CHANGES = """
    SELECT doc_id, label_before, label_after, because FROM label_changes ORDER BY seal, doc_id
"""
FILM, NEWS, SPORT = [1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]
SAYS: Says = {"one": FILM, "two": NEWS, "TWO": SPORT, "three": SPORT, "four": NEWS}
OTHERS: Says = dict.fromkeys(SAYS, FILM)


class Nights:
    """A corpus that is written, embedded and labelled again and again by what is in force."""

    def __init__(self, folder: Path, **spec: Any) -> None:
        self.folder, self.spec = folder / "texts", spec
        self.store = tiny_store(folder / "store")
        self.old, self.new = (keep_labeler(self.store, "topic", seed) for seed in (0, 1))
        self.says = {self.old: SAYS, self.new: OTHERS}

    def write(self, *texts: str, file: str = "a.parquet", **columns: Any) -> None:
        write_texts(self.folder / file, list(texts), **columns)

    def run(self, name: str | None = None) -> list[Any]:
        """Embed and label what there is; the changes so far."""
        plan = embed(self.store, corpus_of(self.folder, **self.spec))
        label(self.store, plan, {name or self.old: self.says[name or self.old]})
        return ask(self.store, CHANGES)


@pytest.fixture
def nights(tmp_path: Path) -> Nights:
    made = Nights(tmp_path)
    promote(made.store, made.old)
    return made


def test_a_first_night_changes_no_label(nights: Nights) -> None:
    nights.write("one", "two")

    assert nights.run() == []


def test_an_unchanged_corpus_changes_no_label(nights: Nights) -> None:
    nights.write("one", "two")
    nights.run()

    assert nights.run() == []


def test_another_text_may_get_another_label(nights: Nights) -> None:
    nights.write("one", "two")
    nights.run()
    nights.write("one", "TWO")

    assert nights.run() == [("a.parquet#1", "news", "sport", "text")]


def test_another_text_with_the_same_label_is_no_change(nights: Nights) -> None:
    nights.write("one", "two")
    nights.run()
    nights.write("one", "four")

    assert nights.run() == []


def test_new_deleted_and_moved_documents_change_no_label(nights: Nights) -> None:
    nights.write("one", "two", "three")
    nights.run()
    nights.write("four", "one", "two")

    assert nights.run() == []


def test_an_id_follows_its_document(tmp_path: Path) -> None:
    nights = Nights(tmp_path, id_column="key")
    promote(nights.store, nights.old)
    nights.write("one", "two", key=["k1", "k2"])
    nights.run()
    nights.write("three", "two", "one", key=["k1", "k2", "k3"])

    assert nights.run() == [("k1", "film", "sport", "text")]


def test_another_version_is_compared_with_the_one_before(nights: Nights) -> None:
    nights.write("one", "two", "three")
    nights.run()
    promote(nights.store, nights.new)
    publish_catalog(nights.store)
    assert ask(nights.store, CHANGES) == []  # it has labelled nothing yet

    expected = [
        ("a.parquet#1", "news", "film", "labeler"),
        ("a.parquet#2", "sport", "film", "labeler"),
    ]
    assert nights.run(nights.new) == expected
    versions = "SELECT DISTINCT version_before, version_after FROM label_changes"
    assert ask(nights.store, versions) == [(nights.old, nights.new)]


def test_the_way_back_changes_labels_back(nights: Nights) -> None:
    nights.write("one", "two")
    nights.run()
    promote(nights.store, nights.new)
    nights.run(nights.new)
    promote(nights.store, nights.old)
    publish_catalog(nights.store)

    assert ask(nights.store, CHANGES) == [
        ("a.parquet#1", "news", "film", "labeler"),
        ("a.parquet#1", "film", "news", "labeler"),
    ]


def test_text_and_version_may_change_at_once(nights: Nights) -> None:
    nights.write("one", "two")
    nights.run()
    promote(nights.store, nights.new)
    nights.write("one", "TWO")

    assert nights.run(nights.new) == [("a.parquet#1", "news", "film", "both")]


def test_a_night_that_was_cut_short_is_compared_chunk_by_chunk(nights: Nights) -> None:
    nights.write("two", file="a.parquet")
    nights.write("three", file="b.parquet")
    nights.run()
    promote(nights.store, nights.new)
    plan = list_corpus(nights.store, corpus_of(nights.folder))
    chunks = {chunk.path: chunk.name for chunk in plan.chunks}
    commit_labels(nights.store, plan, nights.new, OTHERS, [chunks["a.parquet"]])
    seal_labels(nights.store, plan, nights.new)
    publish_catalog(nights.store)
    assert ask(nights.store, CHANGES) == [("a.parquet#0", "news", "film", "labeler")]

    assert nights.run(nights.new)[1:] == [("b.parquet#0", "sport", "film", "labeler")]


def test_a_text_that_turns_up_later_is_compared_with_what_is_gone(nights: Nights) -> None:
    nights.write("two", file="a.parquet")
    nights.run()
    (nights.folder / "a.parquet").unlink()
    nights.write("one", file="b.parquet")
    nights.write("TWO", file="a.parquet")
    plan = list_corpus(nights.store, corpus_of(nights.folder))
    commit_documents(nights.store, plan)
    chunks = {chunk.path: chunk.name for chunk in plan.chunks}
    commit_labels(nights.store, plan, nights.old, SAYS, [chunks["b.parquet"]])
    seal_labels(nights.store, plan, nights.old)

    assert nights.run() == [("a.parquet#0", "news", "sport", "text")]


def test_a_retired_labeler_changes_nothing_until_it_is_back(nights: Nights) -> None:
    nights.write("one", "two")
    nights.run()
    retire(nights.store, "topic")
    assert nights.run(nights.new) == []
    promote(nights.store, nights.new)
    publish_catalog(nights.store)

    assert ask(nights.store, CHANGES) == [("a.parquet#1", "news", "film", "labeler")]


def test_two_titles_are_compared_apart(nights: Nights) -> None:
    mood = keep_labeler(nights.store, "mood")
    nights.says[mood] = OTHERS
    nights.write("one", "two")
    nights.run()
    promote(nights.store, mood)

    assert nights.run(mood) == []


def test_several_labels_are_compared_in_any_order_and_none_is_an_answer(tmp_path: Path) -> None:
    nights = Nights(tmp_path)
    tags = [keep_labeler(nights.store, "tags", seed, task="multi_label") for seed in (0, 1)]
    nights.says[tags[0]] = {"one": [1.0, 1.0, 0.0], "two": [0.0, 0.0, 0.0]}
    nights.says[tags[1]] = {"one": [1.0, 1.0, 0.0], "two": [0.0, 0.0, 1.0]}
    nights.write("one", "two")
    for name in tags:
        promote(nights.store, name)
        nights.run(name)

    query = "SELECT doc_id, label_before, labels_before, labels_after FROM label_changes"
    assert ask(nights.store, query) == [("a.parquet#1", None, [], ["sport"])]


def test_chunks_of_the_same_labeler_are_not_read_again(
    nights: Nights, monkeypatch: pytest.MonkeyPatch
) -> None:
    nights.write("one", "two", file="a.parquet")
    nights.write("three", file="b.parquet")
    nights.run()
    nights.write("four", file="c.parquet")
    nights.run()
    nights.write("TWO", file="c.parquet")
    compared = []
    load = data.catalog.label_changes._load

    def watch(*given: Any) -> None:
        compared.append((given[2], len(given[3])))
        load(*given)

    monkeypatch.setattr(data.catalog.label_changes, "_load", watch)

    assert nights.run() == [("c.parquet#0", "news", "sport", "text")]
    assert set(compared) == {("before", 1), ("after", 1)}


def test_parts_that_are_gone_are_passed_over(nights: Nights) -> None:
    nights.write("one", "two")
    plan = embed(nights.store, corpus_of(nights.folder))
    nights.run()
    nights.write("one", "TWO")
    nights.run()
    _remove_part(nights.store, nights.old, plan.chunks[0].name)
    publish_catalog(nights.store)

    assert ask(nights.store, CHANGES) == []


def _remove_part(store: LocalStore, name: str, chunk: str) -> None:
    dataset = load_dataset(store, labeler_dataset(store, name).name)
    part = read_record(store, dataset.name, chunk).part
    assert part is not None
    store.delete(part.key)
