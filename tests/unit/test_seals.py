"""Seals: what each corpus is, whoever publishes, in whatever order."""

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from data import CorpusSpec, LocalStore, Plan, newest_seal
from data.records.seals import Seal, read_seal
from data.stores.store import read_bytes
from tests.commits import commit_documents, commit_space, documents_of, space
from tests.stores import corpus_of, embed, list_corpus, seal, tiny_store, write_texts

MEAN, CLS = space("bert_mean"), space("bert_cls")


@pytest.fixture
def store(tmp_path: Path) -> LocalStore:
    return tiny_store(tmp_path / "store")


@pytest.fixture
def corpus(tmp_path: Path) -> CorpusSpec:
    write_texts(tmp_path / "texts" / "a.parquet", ["one", "two", "three", "four"])
    return corpus_of(tmp_path / "texts")


def list_again(store: LocalStore, corpus: CorpusSpec, *texts: str) -> Plan:
    """The plan after the file has got other texts."""
    write_texts(Path(corpus.path) / "a.parquet", list(texts))
    return list_corpus(store, corpus)


def newest(store: LocalStore) -> Seal:
    found = newest_seal(store)
    assert found is not None
    return found


def test_a_store_without_seals_has_none(store: LocalStore) -> None:
    assert newest_seal(store) is None


def test_a_whole_run_owes_nothing(store: LocalStore, corpus: CorpusSpec) -> None:
    embed(store, corpus, MEAN)
    assert newest(store).number == 1
    assert newest(store).corpora["notes"].owed == {}


def test_an_unchanged_rerun_makes_no_new_seal(store: LocalStore, corpus: CorpusSpec) -> None:
    plan = embed(store, corpus, MEAN)
    outcome = seal(store, plan, MEAN)
    assert outcome.corpus.plan == plan.name
    assert store.list("seals") == ["1.json"]


@pytest.mark.parametrize(
    "name", ["1.json.bak", "copy of 1.json", "9", "-9.json", "1_0.json", "02.json"]
)
def test_a_stray_file_is_no_seal(store: LocalStore, corpus: CorpusSpec, name: str) -> None:
    embed(store, corpus, MEAN)
    store.create(f"seals/{name}", b"")
    assert newest(store).number == 1


def test_an_unfinished_run_is_sealed_with_what_it_owes(
    store: LocalStore, corpus: CorpusSpec
) -> None:
    plan = list_corpus(store, corpus, chunk_rows=2)
    first, second = (chunk.name for chunk in plan.chunks)
    commit_documents(store, plan)
    commit_space(store, plan, MEAN, [first])
    outcome = seal(store, plan, MEAN)
    assert outcome.owed == outcome.corpus.owed == {MEAN.name: (second,)}


def test_a_run_of_fewer_spaces_keeps_the_other_space(store: LocalStore, corpus: CorpusSpec) -> None:
    embed(store, corpus, MEAN, CLS)
    plan = list_again(store, corpus, "one", "new")
    commit_documents(store, plan)
    commit_space(store, plan, MEAN)
    outcome = seal(store, plan, MEAN)
    assert outcome.corpus.spaces == (MEAN.name, CLS.name)
    assert outcome.corpus.owed == {CLS.name: tuple(chunk.name for chunk in plan.chunks)}
    assert outcome.owed == {}  # of what this run was asked for


def test_another_corpus_is_kept(store: LocalStore, corpus: CorpusSpec, tmp_path: Path) -> None:
    embed(store, corpus, MEAN)
    notes = newest(store).corpora["notes"]
    write_texts(tmp_path / "other" / "b.parquet", ["five"])
    embed(store, corpus_of(tmp_path / "other", "other"), CLS)
    assert newest(store).corpora["notes"] == notes
    assert newest(store).corpora["other"].spaces == (CLS.name,)


def test_a_slow_run_does_not_put_its_plan_over_a_newer_one(
    store: LocalStore, corpus: CorpusSpec
) -> None:
    embed(store, corpus, MEAN)
    older = list_again(store, corpus, "listed by the slow run")
    commit_documents(store, older)
    newer = list_again(store, corpus, "listed later", "and sealed before")
    commit_documents(store, newer)
    seal(store, newer, seal_before=1)
    outcome = seal(store, older, MEAN, seal_before=1)
    assert outcome.is_plan_newer
    assert outcome.corpus.plan == newer.name
    assert outcome.owed == {MEAN.name: tuple(chunk.name for chunk in older.chunks)}


def test_a_slow_run_does_not_put_its_plan_over_one_that_was_changed_back(
    store: LocalStore, corpus: CorpusSpec
) -> None:
    first = embed(store, corpus, MEAN)
    older = list_again(store, corpus, "listed by the slow run")
    commit_documents(store, older)
    between = list_again(store, corpus, "listed later")
    commit_documents(store, between)
    seal(store, between)
    seal(store, first)
    outcome = seal(store, older, seal_before=1)
    assert outcome.is_plan_newer
    assert outcome.corpus.plan == first.name


def test_a_seal_of_before_planned_at_was_kept_gives_way_and_is_no_change(
    store: LocalStore, corpus: CorpusSpec
) -> None:
    plan = embed(store, corpus, MEAN)
    old = json.loads(read_bytes(store, "seals/1.json"))
    del old["corpora"]["notes"]["planned_at"]
    store.delete("seals/1.json")
    store.create("seals/1.json", json.dumps(old).encode())
    assert seal(store, plan, MEAN).seal.number == 1
    again = list_again(store, corpus, "new")
    commit_documents(store, again)
    outcome = seal(store, again)
    assert (outcome.corpus.plan, outcome.corpus.planned_at) == (again.name, 2)


def test_chunks_of_a_slow_run_count_where_the_newer_plan_names_them(
    store: LocalStore, corpus: CorpusSpec
) -> None:
    older = list_corpus(store, corpus)
    write_texts(Path(corpus.path) / "b.parquet", ["five"])
    newer = list_corpus(store, corpus)
    commit_documents(store, newer)
    seal(store, newer, MEAN, seal_before=0)
    commit_space(store, older, MEAN)
    outcome = seal(store, older, MEAN, seal_before=0)
    (missing,) = (chunk.name for chunk in newer.chunks if chunk.path == "b.parquet")
    assert outcome.corpus.owed == {MEAN.name: (missing,)}


def test_a_newer_listing_by_the_same_run_is_no_older_one(
    store: LocalStore, corpus: CorpusSpec
) -> None:
    embed(store, corpus)
    plan = list_again(store, corpus, "one")
    commit_documents(store, plan)
    outcome = seal(store, plan, seal_before=1)
    assert not outcome.is_plan_newer
    assert outcome.corpus.plan == plan.name


def test_publishers_at_once_make_consecutive_seals_and_lose_nothing(
    store: LocalStore, tmp_path: Path
) -> None:
    plans = []
    for n in range(6):
        write_texts(tmp_path / f"texts{n}" / "a.parquet", [f"text {n}"])
        plan = list_corpus(store, corpus_of(tmp_path / f"texts{n}", f"corpus{n}"))
        commit_documents(store, plan)
        commit_space(store, plan, MEAN)
        plans.append(plan)
    start = threading.Barrier(len(plans))

    def publish(plan: Plan) -> int:
        start.wait()
        return seal(store, plan, MEAN).seal.number

    with ThreadPoolExecutor(len(plans)) as pool:
        numbers = list(pool.map(publish, plans))
    assert sorted(numbers) == [1, 2, 3, 4, 5, 6]
    assert [len(read_seal(store, n).corpora) for n in range(1, 7)] == [1, 2, 3, 4, 5, 6]
    assert {corpus.documents for corpus in newest(store).corpora.values()} == {
        documents_of(store, plan).name for plan in plans
    }
