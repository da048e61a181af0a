"""Rows of a chunk: what is refused and why, what a document is called, and what its text is."""

import hashlib
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from data import ChunkFailure, ChunkRows, make_plan, read_chunks, write_part
from tests.commits import read_all
from tests.stores import corpus_of, raw, tiny_store, write_texts

BAD = b"caf\xe9"  # Latin-1: not UTF-8
SURROGATE = b"\xed\xa0\x80"  # half of a pair, as some JSON writers leave it


def rows_of(path: Path, **spec: Any) -> ChunkRows:
    plan = make_plan(corpus_of(path, **spec), chunk_rows=10_000, chunk_bytes=1 << 30)
    (rows,) = read_all(plan)
    return rows


def reasons(rows: ChunkRows) -> dict[int, str]:
    return dict(zip(*(rows.rejects[name].to_pylist() for name in ("row", "reason")), strict=True))


def test_rows_without_a_text_are_refused_with_a_reason(tmp_path: Path) -> None:
    rows = rows_of(write_texts(tmp_path / "a.parquet", ["one", None, "", " \t\n\u3000", "two"]))
    assert reasons(rows) == {1: "null", 2: "empty", 3: "blank"}
    assert rows.texts.to_pylist() == ["one", "two"]
    assert rows.documents["row"].to_pylist() == [0, 4]
    assert set(rows.rejects["stage"].to_pylist()) == {"read"}


@pytest.mark.parametrize("kind", [pa.string(), pa.dictionary(pa.int32(), pa.string())], ids=str)
@pytest.mark.parametrize("bad", [BAD, SURROGATE])
def test_a_text_that_is_not_utf8_is_refused_alone(
    tmp_path: Path, bad: bytes, kind: pa.DataType
) -> None:
    values = raw([b"one", bad, None, b"two"])
    values = values if kind == pa.string() else values.dictionary_encode()
    rows = rows_of(write_texts(tmp_path / "a.parquet", values))
    assert reasons(rows) == {1: "invalid_utf8", 2: "null"}
    assert rows.texts.to_pylist() == ["one", "two"]


def test_an_id_that_is_not_utf8_refuses_its_row(tmp_path: Path) -> None:
    write_texts(tmp_path / "a.parquet", ["one", "two"], key=raw([b"k1", BAD]))
    rows = rows_of(tmp_path, id_column="key")
    assert reasons(rows) == {1: "invalid_utf8"}
    assert rows.rejects["doc_id"].to_pylist() == ["a.parquet#1"]


def test_a_carried_text_that_is_not_utf8_refuses_its_row(tmp_path: Path) -> None:
    write_texts(tmp_path / "a.parquet", ["one", "two"], label=raw([BAD, b"x"]))
    rows = rows_of(tmp_path, carry_columns=["label"])
    assert reasons(rows) == {0: "invalid_utf8"}
    assert rows.documents["label"].to_pylist() == ["x"]


def test_bad_bytes_deep_in_a_carried_column_fail_the_chunk_by_name(tmp_path: Path) -> None:
    nested = pa.StructArray.from_arrays([raw([BAD, b"x"])], names=["a"])
    write_texts(tmp_path / "a.parquet", ["one", "two"], labels=nested)
    plan = make_plan(corpus_of(tmp_path, carry_columns=["labels"]), chunk_rows=10, chunk_bytes=999)
    (failure,) = read_chunks(plan, plan.chunks)
    assert isinstance(failure, ChunkFailure)
    assert "carried column 'labels' of type struct<a: string>" in failure.reason


def test_a_nul_and_a_huge_text_are_texts_like_any_other(tmp_path: Path) -> None:
    texts = ["a\0b", "word " * 1_000_000]
    rows = rows_of(write_texts(tmp_path / "a.parquet", texts))
    assert rows.texts.to_pylist() == texts
    expected = [hashlib.blake2b(text.encode(), digest_size=16).digest() for text in texts]
    assert rows.documents["text_hash"].to_pylist() == expected


def test_several_text_columns_are_joined_without_their_null_parts(tmp_path: Path) -> None:
    columns = {
        "title": ["t", None, "t", None, "", " "],
        "body": ["b", "b", None, None, "", None],
    }
    pq.write_table(pa.table(columns), tmp_path / "a.parquet")
    rows = rows_of(tmp_path, text_columns=["title", "body"], separator=" | ")
    assert rows.texts.to_pylist() == ["t | b", "b", "t"]
    assert reasons(rows) == {3: "null", 4: "empty", 5: "empty"}


def test_one_bad_part_refuses_the_whole_row(tmp_path: Path) -> None:
    pq.write_table(pa.table({"a": raw([b"x", BAD]), "b": ["y", "y"]}), tmp_path / "a.parquet")
    assert reasons(rows_of(tmp_path, text_columns=["a", "b"])) == {1: "invalid_utf8"}


def test_without_an_id_column_a_document_is_named_by_its_place(tmp_path: Path) -> None:
    write_texts(tmp_path / "deep" / "a.parquet", ["one", None, "two"])
    rows = rows_of(tmp_path)
    assert rows.documents["doc_id"].to_pylist() == ["deep/a.parquet#0", "deep/a.parquet#2"]


@pytest.mark.parametrize(
    "ids",
    [
        pa.array(["7", None, "7"]),
        pa.array([7, None, 7], pa.uint64()),
        pa.array(["7", None, "7"]).dictionary_encode(),
    ],
    ids=lambda array: str(array.type),
)
def test_null_ids_fall_back_to_the_place_and_doubled_ones_stay(
    tmp_path: Path, ids: pa.Array
) -> None:
    write_texts(tmp_path / "a.parquet", ["one", "two", "three"], key=ids)
    rows = rows_of(tmp_path, id_column="key")
    assert rows.documents["doc_id"].to_pylist() == ["7", "a.parquet#1", "7"]


def test_a_text_that_occurs_again_points_at_its_first_row(tmp_path: Path) -> None:
    rows = rows_of(write_texts(tmp_path / "a.parquet", [None, "x", "y", "x", "x", "y"]))
    assert rows.documents["duplicate_of"].to_pylist() == [None, None, 1, 1, 2]
    assert rows.first.tolist() == [0, 1, 0, 0, 1]


def test_rows_that_are_all_refused_leave_no_document(tmp_path: Path) -> None:
    rows = rows_of(write_texts(tmp_path / "a.parquet", pa.array([None, ""], pa.string())))
    assert (rows.documents.num_rows, rows.rejects.num_rows, len(rows.first)) == (0, 2, 0)


CARRIED = {
    "moment": pa.array([0, None, 2], pa.timestamp("us", "UTC")),
    "day": pa.array([0, None, 2], pa.date32()),
    "count": pa.array([1, None, 3], pa.int16()),
    "price": pa.array([1, None, 3]).cast(pa.decimal128(30, 2)),
    "flag": pa.array([True, None, False]),
    "bytes": pa.array([b"\xff", None, b""]),
    "label": pa.array(["x", None, "y"]).dictionary_encode(),
    "view": pa.array(["x", None, "y"], pa.string_view()),
    "tags": pa.array([["a", "b"], None, []]),
    "pair": pa.array([{"a": 1, "b": "x"}, None, {"a": None, "b": None}]),
    "both": pa.array([[("k", 1)], None, []], pa.map_(pa.string(), pa.int32())),
    "nothing": pa.nulls(3),
    "half": pa.array([1.5, None, 2.5], pa.float16()),
    "span": pa.array([1, None, 2], pa.duration("us")),
    "clock": pa.array([1, None, 2], pa.time64("us")),
    "place": pa.array([[1.0, 2.0], None, [3.0, 4.0]], pa.list_(pa.float32(), 2)),
    "kinds": pa.array([["a"], None, []], pa.list_(pa.dictionary(pa.int32(), pa.string()))),
    "uuid": pa.array([b"\x01" * 16, None, b"\x02" * 16], pa.uuid()),
}


def test_columns_of_every_kind_are_carried_unchanged(tmp_path: Path) -> None:
    write_texts(tmp_path / "a.parquet", ["one", None, "three"], **CARRIED)
    rows = rows_of(tmp_path, carry_columns=list(CARRIED))
    for name, values in CARRIED.items():
        assert rows.documents[name].to_pylist() == [values[0].as_py(), values[2].as_py()], name


def test_carried_columns_can_be_written_and_queried(tmp_path: Path) -> None:
    write_texts(tmp_path / "texts" / "a.parquet", ["one", "two", "three"], **CARRIED)
    rows = rows_of(tmp_path / "texts", carry_columns=list(CARRIED))
    store = tiny_store(tmp_path / "store")
    with write_part(store, "x.parquet", rows.documents.schema) as part:
        part.append(rows.documents)
    part = store.location("x.parquet")
    found = duckdb.sql(f"SELECT tags, pair, price FROM '{part}'").fetchall()
    assert len(duckdb.sql(f"FROM '{part}'").pl()) == 3
    assert found[0] == (["a", "b"], {"a": 1, "b": "x"}, CARRIED["price"][0].as_py())


def test_the_text_itself_can_be_carried(tmp_path: Path) -> None:
    rows = rows_of(write_texts(tmp_path / "a.parquet", ["one", "two"]), carry_columns=["text"])
    assert rows.documents["text"].to_pylist() == ["one", "two"]


def test_equal_texts_give_an_equal_digest_and_an_edit_another(tmp_path: Path) -> None:
    digests = []
    for number, texts in enumerate([["one", None], ["one", None], ["one", ""], ["One", None]]):
        rows = rows_of(write_texts(tmp_path / f"{number}.parquet", texts))
        digests.append(rows.digest)
    assert digests[0] == digests[1]
    assert len(set(digests)) == 3


def test_row_numbers_are_those_of_the_file_whatever_the_chunk(tmp_path: Path) -> None:
    path = write_texts(tmp_path / "a.parquet", [f"t{n}" for n in range(25)], row_group_size=10)
    plan = make_plan(corpus_of(path), chunk_rows=4, chunk_bytes=1 << 20)
    numbers = np.concatenate([rows.documents["row"].to_numpy() for rows in read_all(plan)])
    texts = [text for rows in read_all(plan) for text in rows.texts.to_pylist()]
    assert numbers.tolist() == list(range(25))
    assert texts == [f"t{n}" for n in range(25)]
