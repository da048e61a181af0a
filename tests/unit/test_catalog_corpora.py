"""Several corpora in one catalog, and files whose carried columns differ."""

from pathlib import Path

import pyarrow as pa
import pytest

from data import LocalStore
from tests.commits import space
from tests.stores import ask, corpus_of, embed, tiny_store, write_texts

MEAN = space("bert_mean")


@pytest.fixture
def store(tmp_path: Path) -> LocalStore:
    return tiny_store(tmp_path / "store")


@pytest.fixture
def texts(tmp_path: Path) -> Path:
    write_texts(tmp_path / "texts" / "a.parquet", ["one", None, "two"], label=["x", "y", "z"])
    return tmp_path / "texts"


def test_two_corpora_share_a_store(store: LocalStore, texts: Path, tmp_path: Path) -> None:
    write_texts(tmp_path / "more" / "b.parquet", ["three"], year=[2026])
    embed(store, corpus_of(texts, carry_columns=["label"]), MEAN)
    embed(store, corpus_of(tmp_path / "more", "more", carry_columns=["year"]), MEAN)
    query = "SELECT corpus, row, label, year FROM documents ORDER BY corpus, row"
    assert ask(store, query) == [
        ("more", 0, None, 2026),
        ("notes", 0, "x", None),
        ("notes", 2, "z", None),
    ]
    assert ask(store, "SELECT corpus, vectors FROM spaces ORDER BY 1") == [
        ("more", 1),
        ("notes", 2),
    ]
    assert len(ask(store, "SELECT row FROM bert_mean")) == 3


def test_two_corpora_over_the_same_files_have_vectors_of_their_own(
    store: LocalStore, texts: Path
) -> None:
    embed(store, corpus_of(texts), MEAN)
    embed(store, corpus_of(texts, "again"), MEAN)
    assert len(ask(store, "SELECT row FROM bert_mean")) == 4
    assert ask(store, "SELECT corpus, vectors FROM spaces ORDER BY 1") == [
        ("again", 2),
        ("notes", 2),
    ]


# Values of a carried column in one corpus and in another, and its type in SQL.
MIXED = {
    "number": (pa.array([1], pa.int32()), pa.array([2.5]), "DOUBLE"),
    "number_text": (pa.array([1]), pa.array(["x"]), "VARCHAR"),
    "list_text": (pa.array([[1]]), pa.array(["x"]), "VARCHAR"),
    "list_number": (pa.array([[1]]), pa.array([1]), "VARCHAR"),
    "struct_number": (pa.array([{"a": 1}]), pa.array([1]), "VARCHAR"),
    "time_number": (pa.array([0], pa.timestamp("us")), pa.array([1]), "VARCHAR"),
    "bytes_flag": (pa.array([b"x"]), pa.array([True]), "VARCHAR"),
    "NAME_name": (pa.array([1]), pa.array(["x"]), "VARCHAR"),
}


def test_corpora_may_carry_different_things_under_one_name(
    store: LocalStore, tmp_path: Path
) -> None:
    for number in (0, 1):
        names = [name.lower() if number else name for name in MIXED]
        columns = dict(zip(names, (values[number] for values in MIXED.values()), strict=True))
        write_texts(tmp_path / f"{number}" / "a.parquet", [f"text {number}"], **columns)
        embed(store, corpus_of(tmp_path / f"{number}", f"c{number}", carry_columns=names))
    for name, (_, _, kind) in MIXED.items():
        assert ask(store, f"SELECT typeof({name}) FROM documents") == [kind, kind], name


VECTORS = pa.array([[1.0, 2.0]], pa.list_(pa.float32(), 2))


@pytest.mark.parametrize("values", [pa.array([1.5]), pa.array([[1.5]]), VECTORS], ids=str)
def test_a_carried_column_may_be_called_vector(
    store: LocalStore, tmp_path: Path, values: pa.Array
) -> None:
    write_texts(tmp_path / "texts" / "a.parquet", ["a text"], vector=values)
    embed(store, corpus_of(tmp_path / "texts", carry_columns=("vector",)))

    assert ask(store, "SELECT vector FROM documents") == values.to_pylist()


# Values of a carried column in one file and in the next.
JOINED = {
    "whole": (pa.array([1], pa.int32()), pa.array([1 << 40])),
    "number": (pa.array([1]), pa.array([2.5])),
    "no_text": (pa.nulls(1), pa.array(["x"])),
    "no_list": (pa.nulls(1), pa.array([[1]])),
    "day": (pa.array([1], pa.date32()), pa.array([1], pa.date64())),
    "moment": (pa.array([1], pa.timestamp("s")), pa.array([1], pa.timestamp("ns"))),
    "price": (
        pa.array([1]).cast(pa.decimal128(30, 1)),
        pa.array([1]).cast(pa.decimal128(30, 2)),
    ),
    "bytes": (pa.array([b"x"]), pa.array(["x"])),
    "list": (pa.array([[1]], pa.list_(pa.int32())), pa.array([[1]])),
    "struct": (pa.array([{"a": 1}]), pa.array([{"b": 1}])),
}


def test_files_that_are_planned_together_are_published_together(
    store: LocalStore, tmp_path: Path
) -> None:
    for number in (0, 1):
        columns = {name: values[number] for name, values in JOINED.items()}
        write_texts(tmp_path / "texts" / f"{number}.parquet", [f"text {number}"], **columns)
    plan = embed(store, corpus_of(tmp_path / "texts", carry_columns=list(JOINED)), MEAN)
    assert plan.unreadable == ()
    assert len(ask(store, "FROM documents")) == 2
