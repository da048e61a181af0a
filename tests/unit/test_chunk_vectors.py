"""Vectors as labelers read them: floats, whatever the space is stored in, and as SQL shows them."""

from typing import Any

import numpy as np
import pytest

from data import ChunkVectors, load_dataset, open_existing_store, read_vectors
from pooling import PoolingSpec
from tests.ranges import TEXTS, fit_on


@pytest.fixture
def rounded(small: Any) -> Any:
    """Thirty texts as float32, float16, int8 and bits, published."""
    small.write("a.parquet", TEXTS)
    poolings = [PoolingSpec(precision=each) for each in ("float32", "float16", "binary")]
    small.embed(poolings=(*poolings, fit_on(small).pooling), chunk_rows=100)
    return small


def read(small: Any, precision: str) -> tuple[str, ChunkVectors]:
    """The name in SQL of the space of that precision, and what its one chunk holds."""
    query = f"SELECT space, dataset FROM spaces WHERE precision = '{precision}'"
    ((space, dataset),) = small.ask(query)
    ((chunk,),) = small.ask("SELECT DISTINCT chunk FROM chunks")
    return space, read_vectors(open_existing_store(str(small.store)), dataset, chunk)


@pytest.mark.parametrize("precision", ["float32", "float16", "int8"])
def test_vectors_are_those_that_sql_shows(rounded: Any, precision: str) -> None:
    space, found = read(rounded, precision)

    shown = [vector for (vector,) in rounded.ask(f"SELECT vector FROM {space} ORDER BY row")]
    assert found.vectors.dtype == np.float32
    assert np.allclose(found.vectors, np.array(shown, np.float32), rtol=0, atol=1e-6)
    assert found.documents["row"].to_pylist() == list(range(len(TEXTS)))


def test_bits_are_read_as_1_and_minus_1(rounded: Any) -> None:
    space, found = read(rounded, "binary")

    shown = [bits for (bits,) in rounded.ask(f"SELECT vector::TEXT FROM {space} ORDER BY row")]
    expected = [[1 if bit == "1" else -1 for bit in bits] for bits in shown]
    assert found.vectors.tolist() == expected
    dataset = load_dataset(
        open_existing_store(str(rounded.store)),
        rounded.ask("SELECT dataset FROM spaces WHERE precision = 'binary'")[0][0],
    )
    assert found.vectors.shape[1] == dataset.dimension
