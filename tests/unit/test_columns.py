"""Columns of source files: which are accepted, and what is said of those that are not."""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from data import Plan, make_plan
from tests.commits import read_all
from tests.stores import corpus_of, write_texts

TEXTS = ["one", "two", None, "one"]


def plan_of(path: Path, **spec: Any) -> Plan:
    return make_plan(corpus_of(path, **spec), chunk_rows=1_000, chunk_bytes=1 << 25)


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ({"body": ["x"]}, r"no column 'text'; it has \[body: string\]"),
        ({"Text": ["x"]}, r"no column 'text'; it has \[Text: string\]"),
        ({"text": [1]}, "column 'text' is int64, not text"),
        ({"text": [b"x"]}, "column 'text' is binary, not text"),
        ({"text": [["x"]]}, "column 'text' is list<.*>, not text"),
        ({"text": [{"a": "x"}]}, "column 'text' is struct<.*>, not text"),
        ({"text": pa.nulls(1)}, "column 'text' is null, not text"),
        ({"text": pa.array([b"x"]).dictionary_encode()}, "is dictionary<.*binary.*>, not text"),
    ],
)
def test_a_text_column_that_is_not_one_is_refused_by_name(
    tmp_path: Path, table: dict[str, Any], said: str
) -> None:
    pq.write_table(pa.table(table), tmp_path / "a.parquet")
    with pytest.raises(ValueError, match=said) as error:
        plan_of(tmp_path)
    assert "a.parquet" in str(error.value)
    assert "Set corpus.text_columns" in str(error.value)


def test_a_duplicate_column_is_refused(tmp_path: Path) -> None:
    twice = pa.Table.from_arrays([pa.array(["x"]), pa.array(["y"])], names=["text", "text"])
    pq.write_table(twice, tmp_path / "a.parquet")
    with pytest.raises(ValueError, match="2 columns named 'text'"):
        plan_of(tmp_path)


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ({"id_column": "key"}, r"no column 'key'.*Set corpus\.id_column"),
        ({"id_column": "score"}, r"'score' is double; an id is text or a whole number"),
        ({"carry_columns": ["label"]}, r"no column 'label'.*Set corpus\.carry_columns"),
    ],
)
def test_other_columns_are_checked_too(tmp_path: Path, spec: dict[str, Any], said: str) -> None:
    write_texts(tmp_path / "a.parquet", ["one"], score=[0.5])
    with pytest.raises(ValueError, match=said):
        plan_of(tmp_path, **spec)


@pytest.mark.parametrize(
    "kind",
    [
        pa.string(),
        pa.large_string(),
        pa.string_view(),
        pa.dictionary(pa.int32(), pa.string()),
    ],
    ids=str,
)
def test_every_type_of_text_gives_the_same_rows(tmp_path: Path, kind: pa.DataType) -> None:
    plain, typed = tmp_path / "plain.parquet", tmp_path / "typed.parquet"
    write_texts(plain, pa.array(TEXTS))
    write_texts(typed, pa.array(TEXTS).cast(kind))
    assert pq.read_schema(typed).field("text").type == kind
    (expected,), (found,) = read_all(plan_of(plain)), read_all(plan_of(typed))
    assert found.documents["text_hash"].to_pylist() == expected.documents["text_hash"].to_pylist()
    assert found.texts.to_pylist() == ["one", "two", "one"]
    assert found.digest == expected.digest


def test_a_name_with_a_dot_is_a_column_of_its_own(tmp_path: Path) -> None:
    table = {"note.text": ["right"], "note": [{"text": "wrong"}], "note.label": ["x"]}
    pq.write_table(pa.table(table), tmp_path / "a.parquet")
    (rows,) = read_all(plan_of(tmp_path, text_columns=["note.text"], carry_columns=["note.label"]))
    assert rows.texts.to_pylist() == ["right"]
    assert rows.documents["note.label"].to_pylist() == ["x"]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (pa.array([1], pa.int32()), pa.array([1], pa.int64())),
        (pa.array(["x"]), pa.array(["x"], pa.large_string())),
        (pa.array(["x"]), pa.array(["x"]).dictionary_encode()),
        (pa.array(["x"]).dictionary_encode(), pa.array(["x"], pa.string_view())),
        (pa.nulls(1), pa.array(["x"])),
        (pa.array([1], pa.timestamp("ms")), pa.array([1], pa.timestamp("us"))),
    ],
    ids=lambda array: str(array.type),
)
def test_carried_types_that_can_be_one_are_accepted(
    tmp_path: Path, first: pa.Array, second: pa.Array
) -> None:
    write_texts(tmp_path / "a.parquet", ["one"], label=first)
    write_texts(tmp_path / "b.parquet", ["two"], label=second)
    assert plan_of(tmp_path, carry_columns=["label"]).unreadable == ()


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (pa.array([1]), pa.array(["1"])),
        (pa.array([{"a": 1}]), pa.array(["1"])),
        (pa.array([1], pa.timestamp("us")), pa.array([1], pa.timestamp("us", "UTC"))),
    ],
    ids=lambda array: str(array.type),
)
def test_a_file_whose_carried_types_cannot_be_joined_is_named(
    tmp_path: Path, first: pa.Array, second: pa.Array
) -> None:
    write_texts(tmp_path / "a.parquet", ["one"], label=first)
    write_texts(tmp_path / "b.parquet", ["two"], label=second)
    plan = plan_of(tmp_path, carry_columns=["label"])
    assert [file.path for file in plan.files] == ["a.parquet"]
    assert [file.path for file in plan.unreadable] == ["b.parquet"]
    assert "carried columns have other types" in plan.unreadable[0].reason


def test_columns_that_nobody_named_may_drift(tmp_path: Path) -> None:
    write_texts(tmp_path / "a.parquet", ["one"], extra=[1])
    write_texts(tmp_path / "b.parquet", ["two"], extra=["x"])
    assert plan_of(tmp_path).unreadable == ()
