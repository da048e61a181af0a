"""How SQL shows the vectors of a space: floats as they are, int8 restored, bits as BIT.

Knows precisions and the ranges that int8 was rounded by. Knows no view and no part.
"""

import numpy as np
from safetensors.numpy import load

from data.lineage import Dataset, SpaceLineage
from data.records.models import load_model
from data.sql import quote_name
from data.stores.store import OpenStore, Store

_COLUMNS = "chunk, row, doc_id, text_hash, n_tokens, n_unknown, truncated, n_windows"
_WORD_BYTES = 8
_SIGN = 0x80
_STEPS = 255


def select_vectors(store: OpenStore, space: Dataset, source: str) -> str:
    """A query that gives the columns of a space, `vector` as FLOAT[d] or, of bits, as BIT.

    Raises:
        StoreError: the ranges of an int8 space were changed or removed.
    """
    assert space.dimension is not None
    match space.precision:
        case "int8":
            return _select_restored(source, *read_ranges(store, space))
        case "binary":
            return f"SELECT {_COLUMNS}, vector::BIT AS vector FROM {source}"
        case _:
            return f"SELECT {_COLUMNS}, vector::FLOAT[{space.dimension}] AS vector FROM {source}"


def read_ranges(store: Store, space: Dataset) -> tuple[np.ndarray, np.ndarray]:
    """The minimum of each dimension, and the distance of two neighbouring values."""
    assert isinstance(space.lineage, SpaceLineage)
    tensors = load(load_model(store, str(space.lineage.pooling["ranges"])).tensors)
    minimum = tensors["minimum"].astype(np.float32)
    return minimum, (tensors["maximum"].astype(np.float32) - minimum) / np.float32(_STEPS)


def _select_restored(source: str, minimum: np.ndarray, step: np.ndarray) -> str:
    """Minimum + step (byte + 128), written out for each dimension.

    The bytes are taken from words of eight, whose signs are turned at once: of the ways that
    DuckDB 1.5 and 2.0 share it was the quickest (docs/log.md). It has no function of two lists.
    """
    dimension = len(minimum)
    words, values = [], []
    for start in range(0, dimension, _WORD_BYTES):
        size = min(_WORD_BYTES, dimension - start)
        word = quote_name(f"word {start}")
        signs = int.from_bytes([_SIGN] * size)
        words.append(f"xor(vector[{start + 1}:{start + size}]::BIT::UBIGINT, {signs}) AS {word}")
        values += [
            f"(({word} >> {8 * (size - 1 - n)}) & 255)::FLOAT * {_float(step[start + n])}"
            f" + {_float(minimum[start + n])}"
            for n in range(size)
        ]
    return (
        f"SELECT {_COLUMNS}, array_value({', '.join(values)}) AS vector "
        f"FROM (SELECT {_COLUMNS}, {', '.join(words)} FROM {source})"
    )


def _float(value: np.float32) -> str:
    """Nine digits tell any two floats apart."""
    return f"({value:.9g})::FLOAT"
