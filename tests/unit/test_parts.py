"""Parts with vectors: what is refused before it is written, and who can read what was."""

from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from data import (
    REJECTS,
    LocalStore,
    Precision,
    describe_part,
    vector_array,
    vector_problems,
    write_part,
)
from data.records.parts import read_part_rows
from data.stores.store import StoreError
from tests.commits import space, space_table
from tests.stores import tiny_store


@pytest.fixture
def store(tmp_path: Path) -> LocalStore:
    return tiny_store(tmp_path / "store")


def write_vectors(store: LocalStore, count: int = 3, precision: Precision = "float32") -> Path:
    """Rows 0, 2, 4, ... with the vectors [1, 2], [3, 4], [5, 6], ..."""
    documents = pa.table(
        {
            "chunk": ["c"] * count,
            "row": [2 * n for n in range(count)],
            "doc_id": [f"d{n}" for n in range(count)],
            "text_hash": pa.array([n.to_bytes(16) for n in range(count)], pa.binary(16)),
        }
    )
    vectors = np.arange(1, 2 * count + 1).reshape(count, 2)
    table = space_table(space(dimension=2, precision=precision), documents, vectors)
    with write_part(store, "x.parquet", table.schema) as part:
        part.append(table)
    return Path(store.location("x.parquet"))


def vector_column(path: Path) -> pq.ColumnChunkMetaData:
    group = pq.read_metadata(path).row_group(0)
    columns = [group.column(n) for n in range(group.num_columns)]
    return next(column for column in columns if column.path_in_schema == "vector.list.element")


def test_an_empty_part_is_not_kept(store: LocalStore) -> None:
    with write_part(store, "x.parquet", REJECTS):
        pass
    assert describe_part(store, "x.parquet", 0) is None
    assert not Path(store.location("x.parquet")).exists()


def test_a_part_with_another_number_of_rows_is_refused(store: LocalStore) -> None:
    write_vectors(store)
    with pytest.raises(pa.ArrowInvalid, match="holds 3 rows of the 4"):
        describe_part(store, "x.parquet", 4)


@pytest.mark.parametrize("precision", ["float32", "float16"])
def test_vectors_have_a_fixed_length_for_polars_and_pandas(
    store: LocalStore, precision: Precision
) -> None:
    path = write_vectors(store, precision=precision)
    kind = pq.read_schema(path).field("vector").type
    assert pa.types.is_fixed_size_list(kind)
    assert kind.list_size == 2
    frame = pl.read_parquet(path)
    assert isinstance(frame.schema["vector"], pl.Array)
    assert frame["vector"].to_numpy().tolist() == [[1, 2], [3, 4], [5, 6]]
    arrow = pd.read_parquet(path, dtype_backend="pyarrow")
    assert pa.types.is_fixed_size_list(arrow.dtypes["vector"].pyarrow_dtype)
    assert np.stack(arrow["vector"].to_numpy()).tolist() == [[1, 2], [3, 4], [5, 6]]


def test_vectors_are_packed_without_dictionary_and_with_checksums(store: LocalStore) -> None:
    vector = vector_column(write_vectors(store))
    assert "BYTE_STREAM_SPLIT" in vector.encodings
    assert not vector.has_dictionary_page
    assert vector.compression == "ZSTD"
    assert vector.has_offset_index


def test_a_large_part_has_bounded_row_groups(store: LocalStore) -> None:
    metadata = pq.read_metadata(write_vectors(store, count=20_000))
    assert metadata.num_row_groups == 3
    assert metadata.row_group(0).num_rows == 8_192


def test_rows_are_read_back_by_their_number(store: LocalStore) -> None:
    write_vectors(store)
    found = read_part_rows(store, "x.parquet", [0, 4])
    assert found["row"].to_pylist() == [0, 4]
    assert found["vector"].to_pylist() == [[1, 2], [5, 6]]


def test_a_bit_that_flipped_in_a_part_is_noticed_and_named(store: LocalStore) -> None:
    path = write_vectors(store, count=2_000)
    content = bytearray(path.read_bytes())
    column = vector_column(path)
    content[column.data_page_offset + column.total_compressed_size // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(StoreError, match=r"the part x\.parquet is damaged"):
        read_part_rows(store, "x.parquet", list(range(0, 4_000, 2)))


@pytest.mark.parametrize(
    ("vector", "problem"),
    [
        ([1.0, 0.0], ""),
        ([1e-10, 0.0], ""),
        ([0.0, 0.0], "zero_norm"),
        ([0.0, -0.0], "zero_norm"),
        ([np.nan, 1.0], "not_finite"),
        ([np.inf, 1.0], "not_finite"),
        ([3e38, 3e38], "not_finite"),  # SQL's float32 product of it with itself is infinite
        ([1e-30, 0.0], "zero_norm"),  # and of this one zero
    ],
)
def test_vectors_that_sql_cannot_compare_are_refused(vector: list[float], problem: str) -> None:
    found = vector_problems(np.array([[1.0, 1.0], vector], np.float32))
    assert found.tolist() == ["", problem]


def test_no_vectors_have_no_problems() -> None:
    assert vector_problems(np.empty((0, 4), np.float32)).tolist() == []


def test_rows_of_a_wider_array_become_vectors_in_their_order() -> None:
    wide = np.arange(12, dtype=np.float32).reshape(3, 4)
    assert vector_array(wide[:, :2]).to_pylist() == [[0, 1], [4, 5], [8, 9]]
