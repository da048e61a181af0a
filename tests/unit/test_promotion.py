"""Which labelers are in force: promoted, taken back, retired; and stores older than labelers."""

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from data import (
    DamagedModel,
    LocalStore,
    Plan,
    labeler_dataset,
    labelers_in_force,
    newest_seal,
    promote,
    publish_catalog,
    retire,
)
from data.records.seals import read_seal
from tests.commits import commit_documents, space
from tests.labels import commit_labels, keep_ensemble, keep_labeler, label, seal_labels
from tests.stores import ask, corpus_of, embed, list_corpus, seal, tiny_store, write_texts

SAYS = {"one": [1.0, 0.0, 0.0], "two": [0.0, 1.0, 0.0], "three": [0.0, 0.0, 1.0]}
MEAN = space("bert_mean")


@pytest.fixture
def store(tmp_path: Path) -> LocalStore:
    return tiny_store(tmp_path / "store")


@pytest.fixture
def plan(store: LocalStore, tmp_path: Path) -> Plan:
    write_texts(tmp_path / "texts" / "a.parquet", ["one", "two"])
    return embed(store, corpus_of(tmp_path / "texts"), MEAN)


def test_before_the_first_promotion_no_labeler_is_in_force(store: LocalStore, plan: Plan) -> None:
    keep_labeler(store)

    assert labelers_in_force(store) == {}


def test_a_promotion_takes_the_place_of_the_version_before(store: LocalStore, plan: Plan) -> None:
    old, new = (keep_labeler(store, "topic", seed) for seed in (0, 1))
    mood = keep_labeler(store, "mood")

    for name in (old, mood, new):
        promote(store, name)

    assert labelers_in_force(store) == {"mood": mood, "topic": new}
    assert promote(store, old).labelers == {"mood": mood, "topic": old}  # and back


def test_a_promotion_is_a_seal_that_changes_nothing_else(store: LocalStore, plan: Plan) -> None:
    before = newest_seal(store)
    assert before is not None

    after = promote(store, keep_labeler(store))

    assert (after.number, after.changed, after.corpora) == (2, None, before.corpora)
    assert newest_seal(store) == after


def test_promoting_what_is_in_force_makes_no_seal(store: LocalStore, plan: Plan) -> None:
    name = keep_labeler(store)
    promote(store, name)
    promote(store, name)

    assert store.list("seals") == ["1.json", "2.json"]


def test_a_run_keeps_the_labelers_in_force(store: LocalStore, plan: Plan, tmp_path: Path) -> None:
    name = keep_labeler(store)
    promote(store, name)
    write_texts(tmp_path / "texts" / "b.parquet", ["three"])
    embed(store, corpus_of(tmp_path / "texts"), MEAN)

    assert labelers_in_force(store) == {"topic": name}


def test_a_labeler_may_be_promoted_before_anything_is_embedded(store: LocalStore) -> None:
    promote(store, keep_labeler(store))
    publish_catalog(store)

    assert ask(store, "SELECT labeler, is_in_force FROM labelers") == [("topic", True)]


def test_a_retired_labeler_is_in_force_no_more(store: LocalStore, plan: Plan) -> None:
    promote(store, keep_labeler(store))
    promote(store, mood := keep_labeler(store, "mood"))
    retire(store, "topic")

    assert labelers_in_force(store) == {"mood": mood}
    with pytest.raises(ValueError, match=r"no labeler 'topic' is in force; .*\['mood'\]"):
        retire(store, "topic")


def test_what_cannot_be_loaded_is_not_promoted(store: LocalStore, plan: Plan) -> None:
    damaged = keep_labeler(store)
    (store.root / "models" / damaged / "tensors.safetensors").write_bytes(b"")
    lonely = keep_ensemble(store, "gone-00000000")

    with pytest.raises(ValueError, match=r"no labeler 'topic-00000000'"):
        promote(store, "topic-00000000")
    with pytest.raises(DamagedModel, match=damaged):
        promote(store, damaged)
    with pytest.raises(ValueError, match=f"gone-00000000 is a member of {lonely}"):
        promote(store, lonely)
    assert labelers_in_force(store) == {}


def test_promotions_at_once_are_all_in_force(store: LocalStore, plan: Plan) -> None:
    names = {f"title {n}": keep_labeler(store, f"title {n}") for n in range(6)}
    start = threading.Barrier(len(names))

    def put_in_force(name: str) -> None:
        start.wait()
        promote(store, name)

    with ThreadPoolExecutor(len(names)) as pool:
        list(pool.map(put_in_force, names.values()))

    assert labelers_in_force(store) == names
    assert newest_seal(store) == read_seal(store, 7)


def test_a_labeler_that_falls_behind_is_shown_and_holds_up_no_other_run(
    store: LocalStore, plan: Plan, tmp_path: Path
) -> None:
    old, new = (keep_labeler(store, "topic", seed) for seed in (0, 1))
    label(store, plan, {old: SAYS, new: SAYS})
    write_texts(tmp_path / "texts" / "b.parquet", ["three"])
    longer = list_corpus(store, corpus_of(tmp_path / "texts"))
    commit_documents(store, longer)
    commit_labels(store, longer, new, SAYS)

    outcome = seal_labels(store, longer, new)

    (chunk,) = (each.name for each in longer.chunks if each.path == "b.parquet")
    assert outcome.owed == {}
    dataset = labeler_dataset(store, old).name
    assert outcome.corpus.owed == {MEAN.name: (chunk,), dataset: (chunk,)}
    publish_catalog(store)
    query = "SELECT version, labelled, owed_chunks, is_complete FROM labelled_corpora"
    assert set(ask(store, query)) == {(old, 2, 1, False), (new, 3, 0, True)}
    assert seal(store, longer).owed == {}


def test_an_unfinished_run_owes_its_labels(store: LocalStore, plan: Plan) -> None:
    name = keep_labeler(store)

    outcome = seal_labels(store, plan, name)

    assert outcome.owed == {labeler_dataset(store, name).name: (plan.chunks[0].name,)}


def test_a_store_from_before_there_were_labelers_goes_on(
    store: LocalStore, plan: Plan, tmp_path: Path
) -> None:
    path = store.root / "seals" / "1.json"
    content = json.loads(path.read_text())
    del content["labelers"], content["corpora"]["notes"]["labelers"]
    path.write_text(json.dumps(content))

    embed(store, corpus_of(tmp_path / "texts"), MEAN)

    assert store.list("seals") == ["1.json"]  # nothing changed, so no seal was made
    assert ask(store, "SELECT count(*) FROM documents") == [2]
    name = keep_labeler(store)
    label(store, plan, {name: SAYS})
    assert ask(store, "SELECT count(*) FROM labels") == [2]
