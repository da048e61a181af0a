"""What a chunk holds in the store: its documents, its vectors as floats, its labels.

Knows records and parts. Reads no source file.
"""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from data.lineage import Dataset
from data.records.datasets import load_dataset, read_record
from data.records.parts import raise_damage, vectors_of
from data.records.vector_sql import read_ranges
from data.schemas import REJECTS, documents_schema, labels_schema, space_schema
from data.stores.store import Store

_BESIDE = ("chunk", "row", "doc_id", "text_hash", "n_tokens", "n_unknown", "truncated", "n_windows")
_BYTE_ZERO = 128  # the byte of the value halfway between the smallest and the largest is 0


@dataclass(frozen=True, slots=True)
class ChunkVectors:
    """The vectors of a chunk in one space, for labelers to read.

    Attributes:
        documents: Key, hash and tokens of each document that has a vector, by row.
        vectors: Float32 [n, dimension]; restored from int8, and 1 or -1 for bits.
        rejects: The documents that the space refused.
    """

    documents: pa.Table
    vectors: np.ndarray
    rejects: pa.Table


def read_documents(store: Store, dataset: str, chunk: str) -> pa.Table:
    """The documents of a committed chunk, with the carried columns; without rows if none was kept.

    Raises:
        FileNotFoundError: the chunk is not committed.
        DamagedPart: its part cannot be read.
    """
    return _read_part(store, dataset, chunk)


def read_labels(store: Store, dataset: str, chunk: str) -> pa.Table:
    """The labels of a committed chunk; `vectors_of` makes an array of its probabilities.

    Raises:
        FileNotFoundError: the chunk is not committed.
        DamagedPart: its part cannot be read.
    """
    return _read_part(store, dataset, chunk)


def read_rejects(store: Store, dataset: str, chunk: str) -> pa.Table:
    """What the dataset refused of a committed chunk.

    Raises:
        FileNotFoundError: the chunk is not committed.
        DamagedPart: its part cannot be read.
    """
    part = read_record(store, dataset, chunk).rejects
    return _read_table(store, part.key) if part else REJECTS.empty_table()


def read_vectors(store: Store, dataset: str, chunk: str) -> ChunkVectors:
    """The vectors of a committed chunk.

    Raises:
        FileNotFoundError: the chunk is not committed.
        DamagedPart: its part cannot be read.
        StoreError: the ranges of an int8 space were changed or removed.
    """
    space = load_dataset(store, dataset)
    assert space.dimension is not None
    table = _read_part(store, dataset, chunk)
    stored = vectors_of(table["vector"], space.dimension)
    return ChunkVectors(
        documents=table.select([name for name in _BESIDE if name in table.column_names]),
        vectors=_as_floats(store, space, stored),
        rejects=read_rejects(store, dataset, chunk),
    )


def _read_part(store: Store, dataset: str, chunk: str) -> pa.Table:
    part = read_record(store, dataset, chunk).part
    if part is None:
        return _empty(load_dataset(store, dataset))
    return _read_table(store, part.key)


def _read_table(store: Store, key: str) -> pa.Table:
    try:
        with store.read(key) as file:
            return pq.read_table(file, page_checksum_verification=True)
    except (OSError, pa.ArrowException) as error:
        raise_damage(key, error)


def _empty(dataset: Dataset) -> pa.Table:
    """No rows, in the columns of the dataset; of documents, without the carried ones."""
    if dataset.precision is not None and dataset.dimension is not None:
        return space_schema(dataset.dimension, dataset.precision).empty_table()
    if dataset.dimension is not None:
        return labels_schema(dataset.dimension).empty_table()
    return documents_schema(pa.schema([])).empty_table()


def _as_floats(store: Store, space: Dataset, stored: np.ndarray) -> np.ndarray:
    match space.precision:
        case "int8":
            minimum, step = read_ranges(store, space)
            steps = stored.astype(np.float32) + np.float32(_BYTE_ZERO)
            return np.asarray(minimum + step * steps)
        case "binary":
            return np.asarray(np.unpackbits(stored, axis=1).astype(np.float32) * 2 - 1)
        case _:
            return stored.astype(np.float32)
