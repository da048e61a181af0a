"""Vectors that exist already are found by their text, in their own space, and nowhere else."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from data import (
    DamagedPart,
    Dataset,
    LocalStore,
    find_reuse,
    newest_catalog,
    publish_catalog,
    read_record,
)
from data.sources.texts import hash_texts
from tests.commits import commit_documents, commit_space, space, vector_of
from tests.stores import (
    ask,
    corpus_of,
    embed,
    files_below,
    list_corpus,
    seal,
    tiny_store,
    write_texts,
)

MEAN, CLS = space("bert_mean"), space("bert_cls")


@pytest.fixture
def store(tmp_path: Path) -> LocalStore:
    return tiny_store(tmp_path / "store")


@pytest.fixture
def texts(tmp_path: Path) -> Path:
    write_texts(tmp_path / "texts" / "a.parquet", ["one", "two", "one", "three"])
    write_texts(tmp_path / "texts" / "b.parquet", ["four"])
    return tmp_path / "texts"


def hashes_of(texts: Sequence[str]) -> pa.FixedSizeBinaryArray:
    return hash_texts(pa.array(texts, pa.large_string()))


def found(store: LocalStore, dataset: Dataset, texts: Sequence[str]) -> list[list[float] | None]:
    """The stored vector of each text, None where there is none."""
    hashes = hashes_of(texts)
    reuse = find_reuse(store, [MEAN.name, CLS.name], [hashes])
    places = reuse.locate(dataset.name, hashes)
    known = places["part"].is_not_null()
    vectors: list[list[float] | None] = [None] * len(texts)
    if known.any():
        stored = reuse.read(places.filter(known), 3)
        for position, vector in zip(np.flatnonzero(known), stored.vectors, strict=True):
            vectors[position] = vector.tolist()
    return vectors


def test_without_a_catalog_nothing_is_found(store: LocalStore) -> None:
    assert found(store, MEAN, ["one"]) == [None]


def test_texts_are_found_in_any_order_and_as_often_as_asked(store: LocalStore, texts: Path) -> None:
    embed(store, corpus_of(texts), MEAN)
    asked = ["four", "one", "new", "three", "one"]
    expected = [None if text == "new" else vector_of(text) for text in asked]
    assert found(store, MEAN, asked) == expected


def test_what_is_kept_beside_a_vector_comes_with_it(store: LocalStore, texts: Path) -> None:
    embed(store, corpus_of(texts), MEAN)
    hashes = hashes_of(["four", "one"])
    reuse = find_reuse(store, [MEAN.name], [hashes])
    stored = reuse.read(reuse.locate(MEAN.name, hashes), 3)
    assert stored.n_tokens.tolist() == [7, 7]
    assert stored.truncated.tolist() == [False, False]


def test_vectors_never_cross_from_one_space_to_another(store: LocalStore, texts: Path) -> None:
    embed(store, corpus_of(texts), MEAN)
    assert found(store, CLS, ["one"]) == [None]


@pytest.mark.parametrize("name", ["renamed.parquet", "deep/renamed.parquet"])
def test_a_text_is_found_after_its_file_was_renamed(
    store: LocalStore, texts: Path, name: str
) -> None:
    embed(store, corpus_of(texts), MEAN)
    (texts / "deep").mkdir()
    (texts / "b.parquet").rename(texts / name)
    plan = list_corpus(store, corpus_of(texts))
    commit_documents(store, plan)
    seal(store, plan, MEAN)
    assert found(store, MEAN, ["four"]) == [vector_of("four")]


def test_a_text_of_another_corpus_is_found(store: LocalStore, texts: Path, tmp_path: Path) -> None:
    write_texts(tmp_path / "other" / "x.parquet", ["five"])
    embed(store, corpus_of(tmp_path / "other", "other"), MEAN)
    embed(store, corpus_of(texts), MEAN)
    assert found(store, MEAN, ["five", "four"]) == [vector_of("five"), vector_of("four")]


def test_a_text_that_the_space_refused_is_not_found(store: LocalStore, texts: Path) -> None:
    plan = list_corpus(store, corpus_of(texts))
    commit_documents(store, plan)
    commit_space(store, plan, MEAN, refused={"two"})
    seal(store, plan, MEAN)
    publish_catalog(store)
    assert found(store, MEAN, ["one", "two", "three"]) == [
        vector_of("one"),
        None,
        vector_of("three"),
    ]


def test_a_part_that_is_gone_counts_as_missing(store: LocalStore, texts: Path) -> None:
    plan = embed(store, corpus_of(texts), MEAN)
    (chunk,) = (chunk for chunk in plan.chunks if chunk.path == "b.parquet")
    part = read_record(store, MEAN.name, chunk.name).part
    assert part is not None
    store.delete(part.key)
    assert found(store, MEAN, ["one", "four"]) == [vector_of("one"), None]


@pytest.mark.parametrize("content", [b"", b"not a catalog" * 1_000])
def test_a_broken_catalog_costs_time_and_no_rows(
    store: LocalStore, texts: Path, content: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    embed(store, corpus_of(texts), MEAN)
    catalog = newest_catalog(store)
    assert catalog is not None
    catalog.write_bytes(content)
    assert found(store, MEAN, ["one"]) == [None]
    assert "nothing is reused: the catalog" in caplog.text
    publish_catalog(store)
    assert found(store, MEAN, ["one"]) == [vector_of("one")]


def test_more_hashes_than_one_lookup_takes_are_found(
    store: LocalStore, texts: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("data.reuse.search._HASHES_A_LOOKUP", 2)
    embed(store, corpus_of(texts), MEAN, CLS)
    asked = ["one", "two", "new", "three", "four"]
    for dataset in (MEAN, CLS):
        assert [vector is not None for vector in found(store, dataset, asked)] == [
            text != "new" for text in asked
        ]


def test_a_text_is_found_in_another_part_when_one_is_gone(store: LocalStore, texts: Path) -> None:
    write_texts(texts / "b.parquet", ["one"])
    plan = embed(store, corpus_of(texts), MEAN)
    for chunk in plan.chunks:
        part = read_record(store, MEAN.name, chunk.name).part
        assert part is not None
        content = Path(store.location(part.key)).read_bytes()
        store.delete(part.key)
        assert found(store, MEAN, ["one"]) == [vector_of("one")]
        Path(store.location(part.key)).write_bytes(content)


def lose_rows(path: Path) -> None:
    pq.write_table(pq.read_table(path).slice(1), path)


@pytest.mark.parametrize("damage", [lambda path: path.write_bytes(b"PAR1"), lose_rows, Path.unlink])
def test_a_part_that_is_damaged_is_named_once_and_then_a_miss(
    store: LocalStore, texts: Path, damage: Callable[[Path], Any], caplog: pytest.LogCaptureFixture
) -> None:
    plan = embed(store, corpus_of(texts), MEAN)
    hashes = hashes_of(["one", "four"])
    reuse = find_reuse(store, [MEAN.name], [hashes])
    part = read_record(store, MEAN.name, plan.chunks[0].name).part
    assert part is not None
    damage(Path(store.location(part.key)))
    with pytest.raises(DamagedPart, match="is damaged"):
        reuse.read(reuse.locate(MEAN.name, hashes), 3)
    assert part.key in caplog.text
    assert reuse.locate(MEAN.name, hashes)["part"].is_null().to_list() == [True, False]


def test_a_lookup_leaves_nothing_in_the_store_and_disturbs_no_reader(
    store: LocalStore, texts: Path
) -> None:
    embed(store, corpus_of(texts), MEAN)
    before = files_below(store.root)
    with duckdb.connect(str(newest_catalog(store)), read_only=True) as reader:
        assert found(store, MEAN, ["one"]) == [vector_of("one")]
        assert reader.execute("SELECT count(*) FROM documents").fetchall() == [(5,)]
    assert files_below(store.root) == before


def test_what_an_unfinished_run_hides_is_found(store: LocalStore, texts: Path) -> None:
    """Its plan is sealed, its chunks are owed; the vectors of the plan before are there."""
    embed(store, corpus_of(texts), MEAN)
    write_texts(texts / "a.parquet", ["two", "five"])
    for name in ("c", "d"):  # it was stopped twice, and each time the files had changed
        write_texts(texts / f"{name}.parquet", ["six"])
        seal(store, list_corpus(store, corpus_of(texts)), MEAN)
        publish_catalog(store)
    assert ask(store, "SELECT count(*) FROM documents WHERE file = 'a.parquet'") == [0]

    assert found(store, MEAN, ["two", "four", "five"]) == [
        vector_of("two"),
        vector_of("four"),
        None,
    ]


def test_what_a_whole_plan_replaced_is_not_looked_for(store: LocalStore, texts: Path) -> None:
    embed(store, corpus_of(texts), MEAN)
    write_texts(texts / "a.parquet", ["five"])
    embed(store, corpus_of(texts), MEAN)
    assert found(store, MEAN, ["two", "five"]) == [None, vector_of("five")]


def test_a_file_that_was_damaged_for_one_run_is_not_encoded_again(
    store: LocalStore, texts: Path
) -> None:
    embed(store, corpus_of(texts), MEAN)
    whole = (texts / "b.parquet").read_bytes()
    (texts / "b.parquet").write_bytes(b"PAR1 no more")
    embed(store, corpus_of(texts), MEAN)
    (texts / "b.parquet").write_bytes(whole)
    assert found(store, MEAN, ["four"]) == [vector_of("four")]
