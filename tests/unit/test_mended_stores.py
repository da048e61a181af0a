"""A record that a person removes, as messages advise: its chunk is owed, done anew, and checked."""

from pathlib import Path

import numpy as np
import pytest

from data import LocalStore, Plan, StoreError, newest_seal, publish_catalog
from data.checking.checks import InvariantBroken
from tests.commits import (
    commit_documents,
    commit_space,
    commit_tables,
    documents_of,
    read_all,
    space,
    space_table,
)
from tests.stores import ask, corpus_of, embed, seal, tiny_store, write_texts

MEAN = space("bert_mean")


@pytest.fixture
def store(tmp_path: Path) -> LocalStore:
    return tiny_store(tmp_path / "store")


@pytest.fixture
def plan(store: LocalStore, tmp_path: Path) -> Plan:
    """Two chunks of two texts, embedded and published."""
    write_texts(tmp_path / "texts" / "a.parquet", ["one", "two", "three", "four"])
    return embed(store, corpus_of(tmp_path / "texts"), MEAN, chunk_rows=2)


def remove_record(store: LocalStore, dataset: str, plan: Plan) -> str:
    """Remove the record of the first chunk, and say which that is."""
    name = plan.chunks[0].name
    store.delete(f"datasets/{dataset}/commits/{name}.json")
    return name


def test_a_chunk_without_its_record_is_shown_as_owed(store: LocalStore, plan: Plan) -> None:
    name = remove_record(store, MEAN.name, plan)
    publish_catalog(store)
    assert ask(store, "SELECT chunk FROM chunks WHERE NOT is_committed") == [name]
    assert ask(store, "SELECT vectors, owed_chunks, is_complete FROM spaces") == [(2, 1, False)]
    assert ask(store, "SELECT row FROM bert_mean ORDER BY row") == [2, 3]


def test_documents_without_their_record_are_not_shown(store: LocalStore, plan: Plan) -> None:
    remove_record(store, documents_of(store, plan).name, plan)
    publish_catalog(store)
    assert ask(store, "SELECT row FROM documents ORDER BY row") == [2, 3]


def test_damaged_documents_are_named_and_the_catalog_stays(store: LocalStore, plan: Plan) -> None:
    folder = store.root / "datasets" / documents_of(store, plan).name / "parts"
    damaged = sorted(folder.iterdir())[0]
    damaged.write_bytes(damaged.read_bytes()[:100])

    with pytest.raises(StoreError, match=f"cannot be built.*{damaged.name}"):
        publish_catalog(store)

    assert ask(store, "SELECT count(*) FROM documents") == [4]
    assert list((store.root / "catalog").glob("*.building")) == []


def test_another_corpus_is_published_meanwhile(
    store: LocalStore, plan: Plan, tmp_path: Path
) -> None:
    remove_record(store, MEAN.name, plan)
    write_texts(tmp_path / "other" / "b.parquet", ["five"])
    embed(store, corpus_of(tmp_path / "other", "other"), MEAN)
    owed = "SELECT corpus, owed_chunks FROM spaces ORDER BY corpus"
    assert ask(store, owed) == [("notes", 1), ("other", 0)]


def test_a_chunk_done_anew_is_sealed_and_shown(store: LocalStore, plan: Plan) -> None:
    name = remove_record(store, MEAN.name, plan)
    commit_space(store, plan, MEAN, [name])
    assert seal(store, plan, MEAN).seal.number == 2
    publish_catalog(store)
    assert ask(store, "SELECT row FROM bert_mean ORDER BY row") == [0, 1, 2, 3]
    assert seal(store, plan, MEAN).seal.number == 2


@pytest.mark.parametrize("is_published", [False, True])
def test_a_chunk_done_anew_is_checked(store: LocalStore, plan: Plan, is_published: bool) -> None:
    name = remove_record(store, MEAN.name, plan)
    (rows,) = read_all(plan, [name])
    commit_tables(store, MEAN.name, rows, space_table(MEAN, rows.documents, np.zeros((2, 3))))
    if is_published:
        publish_catalog(store)
    with pytest.raises(InvariantBroken, match="2 vectors of wrong length or value"):
        seal(store, plan, MEAN)
    newest = newest_seal(store)
    assert newest is not None
    assert newest.number == 1


def test_documents_done_anew_are_checked_with_their_vectors(store: LocalStore, plan: Plan) -> None:
    documents = documents_of(store, plan).name
    name = remove_record(store, documents, plan)
    (rows,) = read_all(plan, [name])
    commit_tables(store, documents, rows, rows.documents.slice(1))
    with pytest.raises(InvariantBroken, match="1 rows lost"):
        seal(store, plan, MEAN)
    remove_record(store, documents, plan)
    commit_documents(store, plan, [name])
    assert seal(store, plan, MEAN).corpus.owed == {}
