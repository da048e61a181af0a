"""Superseded chunks: which are, and that nothing breaks that looks back once they are gone."""

from pathlib import Path

import pyarrow as pa
import pytest

from data import LocalStore, Plan, find_reuse, publish_catalog
from data.upkeep.collecting import superseded_chunks
from data.upkeep.garbage import clock_of, list_superseded
from data.upkeep.verifying import find_damage
from tests.commits import commit_documents, commit_space, read_all, space
from tests.stores import corpus_of, embed, list_corpus, seal, tiny_store, write_texts

MEAN = space("bert_mean")
NO_GRACE = 0.0


@pytest.fixture
def store(tmp_path: Path) -> LocalStore:
    """A file of two texts, embedded."""
    store = tiny_store(tmp_path / "store")
    write_texts(tmp_path / "texts" / "a.parquet", ["one", "two"])
    embed(store, corpus_of(tmp_path / "texts"), MEAN)
    return store


def list_again(store: LocalStore, tmp_path: Path, *texts: str) -> Plan:
    write_texts(tmp_path / "texts" / "a.parquet", list(texts))
    plan = list_corpus(store, corpus_of(tmp_path / "texts"))
    commit_documents(store, plan)
    return plan


def superseded(store: LocalStore) -> list[str]:
    return [each.place for each in list_superseded(store, clock_of(store, NO_GRACE))]


def test_what_the_newest_seal_shows_is_not_superseded(store: LocalStore) -> None:
    assert superseded(store) == []


def test_a_listing_that_is_not_sealed_yet_is_not_superseded(
    store: LocalStore, tmp_path: Path
) -> None:
    plan = list_again(store, tmp_path, "three")
    commit_space(store, plan, MEAN)
    assert superseded(store) == []


def test_a_listing_that_was_overtaken_is_superseded(store: LocalStore, tmp_path: Path) -> None:
    overtaken = list_again(store, tmp_path, "three")
    newer = list_again(store, tmp_path, "four", "five")
    commit_space(store, newer, MEAN)
    seal(store, newer, MEAN, seal_before=1)
    publish_catalog(store)
    gone = superseded(store)
    (chunk,) = (chunk.name for chunk in overtaken.chunks)
    assert any(chunk in place for place in gone)
    assert not any(newer.chunks[0].name in place for place in gone)


def test_vectors_that_an_unfinished_run_may_copy_are_not_superseded(
    store: LocalStore, tmp_path: Path
) -> None:
    plan = list_again(store, tmp_path, "two", "three")
    seal(store, plan, MEAN)  # its vectors are owed
    publish_catalog(store)
    assert superseded(store) == []
    commit_space(store, plan, MEAN)
    seal(store, plan, MEAN)
    publish_catalog(store)
    assert len(superseded(store)) == 4  # record and part, of documents and of vectors


def test_documents_go_last(store: LocalStore, tmp_path: Path) -> None:
    plan = list_again(store, tmp_path, "three")
    commit_space(store, plan, MEAN)
    seal(store, plan, MEAN)
    publish_catalog(store)
    places = superseded(store)
    assert [place.split("/")[1] == MEAN.name for place in places] == [True, True, False, False]
    assert [place.split("/")[2] for place in places] == ["commits", "parts"] * 2


def test_reuse_of_what_is_gone_finds_nothing_and_breaks_nothing(
    store: LocalStore, tmp_path: Path
) -> None:
    """As after a purge, which does not wait for vectors that are owed."""
    plan = list_again(store, tmp_path, "two", "three")
    seal(store, plan, MEAN)
    publish_catalog(store)
    hashes = pa.concat_arrays(
        [rows.documents["text_hash"].combine_chunks() for rows in read_all(plan)]
    )
    before = find_reuse(store, [MEAN.name], [hashes]).locate(MEAN.name, hashes)
    assert before["part"].is_not_null().to_list() == [True, False]
    for keys in superseded_chunks(store, clock_of(store, NO_GRACE), set()):
        for key in keys:
            store.delete(key)
    after = find_reuse(store, [MEAN.name], [hashes]).locate(MEAN.name, hashes)
    assert after["part"].is_null().all()
    assert list(find_damage(store, lambda _: None)) == []
