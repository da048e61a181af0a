"""Spaces of int8 and of bits: made by the step, checked, published, searched and reused."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from data import StoreError, nearest_documents, open_existing_store
from embedding import load_encoder
from pooling import PoolingSpec
from tasks.fitted import load_fitted
from tests.ranges import TEXTS, fit_on

ROOT = Path(__file__).parents[2]
OTHER_DUCKDB = ROOT / ".venv" / "duckdb-other"
MEAN, BITS_OF_MEAN = PoolingSpec(), PoolingSpec(precision="binary")


@pytest.fixture
def rounded(small: Any) -> tuple[Any, PoolingSpec]:
    """Thirty texts as float32, int8 and bits, published; and the pooling of the int8."""
    small.write("a.parquet", TEXTS)
    int8 = fit_on(small).pooling
    small.embed(poolings=(MEAN, int8, BITS_OF_MEAN))
    return small, int8


def parts(small: Any, number: int) -> list[Path]:
    return [
        small.store / part
        for (part,) in small.ask(
            "SELECT part FROM chunks WHERE space = (SELECT space FROM spaces ORDER BY rowid "
            f"LIMIT 1 OFFSET {number}) ORDER BY row_start"
        )
    ]


def stored(small: Any, number: int, width: int) -> np.ndarray:
    """The bytes of the space with this number, which are as many a vector as said."""
    columns = [pq.read_table(part)["vector"] for part in parts(small, number)]
    assert {str(column.type) for column in columns} == {f"fixed_size_binary[{width}]"}
    content = b"".join(vector for column in columns for vector in column.to_pylist())
    return np.frombuffer(content, np.uint8).reshape(-1, width)


def vectors(small: Any, space: str) -> list[Any]:
    return [vector for (vector,) in small.ask(f"SELECT vector FROM {space} ORDER BY row")]


def test_int8_and_bits_are_stored_as_bytes(rounded: Any) -> None:
    small, int8 = rounded
    floats = np.array(vectors(small, "splade_tiny_mean"), np.float32)
    ranges = load_fitted(open_existing_store(str(small.store)), [int8.ranges])[int8.ranges].tensors
    low, high = ranges["minimum"].numpy(), ranges["maximum"].numpy()
    assert (low.tolist(), high.tolist()) == (floats.min(0).tolist(), floats.max(0).tolist())
    steps = stored(small, 1, 128).view(np.int8)
    assert (steps == np.rint((floats - low) / ((high - low) / 255)) - 128).mean() > 0.999
    assert (stored(small, 2, 16) == np.packbits(floats > 0, axis=1)).all()


def test_sql_sees_int8_as_the_floats_that_it_stands_for(rounded: Any) -> None:
    small, _ = rounded
    floats = np.array(vectors(small, "splade_tiny_mean"), np.float32)
    restored = np.array(vectors(small, "splade_tiny_mean_int8"), np.float32)
    step = (floats.max(0) - floats.min(0)) / 255
    assert (np.abs(restored - floats) <= 0.501 * step + 1e-7).all()
    assert small.ask("SELECT DISTINCT typeof(vector) FROM splade_tiny_mean_int8") == [
        ("FLOAT[128]",)
    ]


def test_sql_sees_bits_as_bits(rounded: Any) -> None:
    small, _ = rounded
    floats = np.array(vectors(small, "splade_tiny_mean"))
    words = ["".join("1" if value > 0 else "0" for value in row) for row in floats]
    assert vectors(small, "splade_tiny_mean_binary") == words
    differing = small.ask("""
        SELECT bit_count(xor(a.vector, b.vector)) FROM splade_tiny_mean_binary a,
            splade_tiny_mean_binary b WHERE a.row = 0 ORDER BY b.row""")
    assert differing == [(((floats[0] > 0) != (row > 0)).sum(),) for row in floats]


def test_what_is_to_be_written_is_told_before_compression(small: Any) -> None:
    small.write("a.parquet", TEXTS)
    int8 = fit_on(small).pooling
    halves = PoolingSpec(precision="float16")
    sizes = [small.plan(poolings=(p,)).vector_bytes for p in (MEAN, halves, int8, BITS_OF_MEAN)]
    assert sizes == [30 * 512, 30 * 256, 30 * 128, 30 * 16]


def test_rounded_vectors_are_reused_bit_by_bit(rounded: Any) -> None:
    small, int8 = rounded
    before = [stored(small, 1, 128), stored(small, 2, 16)]
    small.write("b.parquet", [*TEXTS[:7], "a new one", *TEXTS[3:5]])
    summary = small.embed(poolings=(MEAN, int8, BITS_OF_MEAN))
    assert (summary.is_complete, small.num_forwarded) == (True, 1)
    for number, (width, old) in enumerate(zip((128, 16), before, strict=True), start=1):
        found = {tuple(row) for row in stored(small, number, width).tolist()}
        assert {tuple(row) for row in old.tolist()} < found
        assert len(found) == 31


@pytest.mark.parametrize("space", ["splade_tiny_mean_int8", "splade_tiny_mean_binary"])
def test_a_text_is_the_nearest_to_itself(rounded: Any, space: str) -> None:
    small, _ = rounded
    vector = load_encoder(small.encoder).encode([TEXTS[11]], MEAN)[0].tolist()
    found = nearest_documents(small.store / "catalog.duckdb", space, vector, top=3)
    assert found["row"][0] == 11
    assert found["similarity"][0] == pytest.approx(1.0, abs=1e-3)
    assert found["similarity"].is_sorted(descending=True)


def test_a_text_without_a_token_is_a_reject_in_every_precision(small: Any) -> None:
    small.write("a.parquet", [*TEXTS, "\u200b"])
    int8 = fit_on(small).pooling
    small.embed(poolings=(int8, BITS_OF_MEAN))
    assert small.ask("SELECT space, reason, count(*) FROM rejects GROUP BY ALL ORDER BY ALL") == [
        ("splade_tiny_mean_binary", "no_tokens", 1),
        ("splade_tiny_mean_int8", "no_tokens", 1),
    ]


def test_a_space_whose_texts_are_all_rejected_is_published(small: Any) -> None:
    small.write("a.parquet", TEXTS)
    int8 = fit_on(small).pooling
    for path in small.sources.iterdir():
        path.unlink()
    small.write("b.parquet", ["\u200b"])
    small.embed(poolings=(int8, BITS_OF_MEAN), max_reject_share=1.0)
    for space in ("splade_tiny_mean_int8", "splade_tiny_mean_binary"):
        assert small.ask(f"SELECT vector FROM {space}") == []


def test_polars_reads_the_bytes_as_they_are_stored(rounded: Any) -> None:
    small, _ = rounded
    frame = pl.read_parquet(parts(small, 2))
    assert frame.schema["vector"] == pl.Binary
    assert b"".join(frame["vector"]) == stored(small, 2, 16).tobytes()


def test_bytes_of_another_length_are_not_sealed(small: Any) -> None:
    small.write("a.parquet", TEXTS)
    work = small.plan(poolings=(BITS_OF_MEAN,))
    receipts = small.step(work)
    for part in (small.store / "datasets" / work.job.spaces[0].dataset / "parts").iterdir():
        table = pq.read_table(part)
        short = pa.array([vector[:-1] for vector in table["vector"].to_pylist()], pa.binary(15))
        place = table.schema.get_field_index("vector")
        pq.write_table(table.set_column(place, "vector", short), part)
    with pytest.raises(StoreError, match="30 vectors of wrong length or value"):
        small.publish(work, receipts)


READ = """
import sys, duckdb
connection = duckdb.connect(sys.argv[1], read_only=True)
print(duckdb.__version__[0], connection.execute(sys.argv[2]).fetchall())
"""
PUBLISH = """
import sys
from data import open_existing_store, publish_catalog
publish_catalog(open_existing_store(sys.argv[1]))
"""


def other_duckdb(script: str, *words: str) -> str:
    """What the script says under the other major version of DuckDB."""
    command = [sys.executable, "-c", script, *words]
    there = {**os.environ, "PYTHONPATH": str(OTHER_DUCKDB)}
    return subprocess.check_output(command, env=there, cwd=ROOT, text=True).strip()


@pytest.mark.skipif(not OTHER_DUCKDB.exists(), reason="make setup installs a second DuckDB")
def test_both_majors_of_duckdb_read_int8_and_bits_that_either_published(rounded: Any) -> None:
    small, _ = rounded
    query = """
        SELECT f.row, array_cosine_similarity(i.vector, f.vector) > 0.999, b.vector::TEXT,
            bit_count(xor(b.vector, ('1010' || repeat('1', 124))::BIT))
        FROM splade_tiny_mean f
        JOIN splade_tiny_mean_int8 i USING (chunk, row)
        JOIN splade_tiny_mean_binary b USING (chunk, row)
        ORDER BY f.row
    """
    catalog = str(small.store / "catalog.duckdb")
    expected = small.ask(query)
    assert [row[1] for row in expected] == [True] * 30
    assert other_duckdb(READ, catalog, query) == f"2 {expected}"
    other_duckdb(PUBLISH, str(small.store))
    assert other_duckdb(READ, catalog, query) == f"2 {expected}"
    assert small.ask(query) == expected
