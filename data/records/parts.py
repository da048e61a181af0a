"""Parquet parts: written in bounded row groups under a name of their attempt, and read back.

Knows encodings, checksums and how a vector is checked. Does not know records.
"""

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import NoReturn

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from data.records.datasets import Part
from data.schemas import dictionary_columns, encodings
from data.stores.file_errors import is_damage
from data.stores.store import Store, StoreError

ROW_GROUP_ROWS = 8192
_BLOCK_BYTES = 1 << 20
_OF_A_TEXT = ("row", "n_tokens", "truncated", "n_windows", "vector")
# Between these, float32 products of two vectors are neither 0 nor infinite.
_MIN_NORM, _MAX_NORM = 1e-18, 1e18


class DamagedPart(StoreError):
    """A part that a record names is gone, or does not hold what it should."""


def part_keys(dataset: str, chunk: str, attempt: str) -> tuple[str, str]:
    """The keys of an attempt's part and of its rejects."""
    stem = f"datasets/{dataset}/parts/{chunk}-{attempt}"
    return f"{stem}.parquet", f"{stem}.rejects.parquet"


class PartWriter:
    """Appends tables to one part. Nothing of it counts until a record names the part."""

    def __init__(self, writer: pq.ParquetWriter) -> None:
        """Wrap an open writer."""
        self._writer = writer
        self.rows = 0

    def append(self, table: pa.Table) -> None:
        """Write the rows now; memory keeps none of them."""
        if table.num_rows:
            self._writer.write_table(table, row_group_size=ROW_GROUP_ROWS)
            self.rows += table.num_rows


@contextmanager
def write_part(store: Store, key: str, schema: pa.Schema) -> Iterator[PartWriter]:
    """A writer for a part; if the block fails, the file is gone."""
    with (
        store.write(key) as file,
        pq.ParquetWriter(
            file,
            schema,
            compression="zstd",
            compression_level=1,
            use_dictionary=dictionary_columns(schema),
            column_encoding=encodings(schema) or None,
            write_statistics=["chunk", "row", "doc_id"],
            write_page_checksum=True,
            write_page_index=True,
        ) as writer,
    ):
        yield PartWriter(writer)


def describe_part(store: Store, key: str, rows: int) -> Part | None:
    """What a record says of a written part; an empty one is removed and not recorded.

    Raises:
        pyarrow.ArrowInvalid: the file on disk has another number of rows than were written.
    """
    if not rows:
        store.delete(key)  # a writer that was opened and given nothing leaves an empty file
        return None
    digest = hashlib.blake2b(digest_size=16)
    with store.read(key) as file:
        while block := file.read(_BLOCK_BYTES):
            digest.update(block)
        size = file.tell()
        found = pq.read_metadata(file).num_rows
    if found != rows:
        raise pa.ArrowInvalid(f"{key} holds {found} rows of the {rows} that were written")
    return Part(key=key, rows=rows, size_bytes=size, checksum=digest.hexdigest())


def read_part_rows(store: Store, key: str, rows: Sequence[int]) -> pa.Table:
    """Row, tokens and vector of the given row numbers, ascending, each once, of a space's part.

    `n_unknown` is null where the part was written before there was such a column.

    Raises:
        DamagedPart: it is damaged, or has not these rows.
    """
    wanted = pc.field("row").isin(pa.array(rows, pa.int64()))
    try:
        with store.read(key) as file:
            has_unknown = "n_unknown" in pq.read_schema(file).names
            table = pq.read_table(
                file,
                columns=[*_OF_A_TEXT, *(["n_unknown"] if has_unknown else [])],
                filters=wanted,
                page_checksum_verification=True,
            )
    except (OSError, pa.ArrowException) as error:
        raise_damage(key, error)
    if not np.array_equal(table["row"].to_numpy(), np.unique(rows)):
        raise damaged_part(key, "it lacks rows")
    if not has_unknown:
        return table.append_column("n_unknown", pa.nulls(table.num_rows, pa.int32()))
    return table


def read_part_hashes(store: Store, key: str) -> pa.Table:
    """Text hash, as bytes, and row of each vector of a space's part, in its order.

    Raises:
        DamagedPart: it is damaged.
    """
    try:
        with store.read(key) as file:
            table = pq.read_table(
                file, columns=["text_hash", "row"], page_checksum_verification=True
            )
    except (OSError, pa.ArrowException) as error:
        raise_damage(key, error)
    return table.set_column(0, "text_hash", table["text_hash"].cast(pa.binary()))


def raise_damage(key: str, error: OSError | pa.ArrowException) -> NoReturn:
    """Raise DamagedPart if the error says that the part is damaged; else the error itself."""
    if not is_damage(error):
        raise error
    raise damaged_part(key, str(error)) from error


def damaged_part(key: str, found: str) -> DamagedPart:
    """What to raise of a part where something was found wrong."""
    return DamagedPart(
        f"the part {key} is damaged ({found}). Run python -m data repair STORE, then this again: "
        "its chunk is then done anew."
    )


def vector_problems(vectors: np.ndarray) -> np.ndarray:
    """Why each vector cannot be stored: "not_finite", "zero_norm", or "" where it can.

    A NaN would sort first in SQL, and a zero vector has no direction. One so long or so short that
    SQL, which counts in float32, makes one of these of it is refused likewise. int8 and bits were
    judged as floats: of their bytes, all can be stored.
    """
    if vectors.dtype.kind != "f":
        return np.full(len(vectors), "")
    norm = np.sqrt(np.einsum("ij,ij->i", vectors, vectors, dtype=np.float64, casting="safe"))
    finite = norm <= _MAX_NORM  # False for NaN
    return np.where(~finite, "not_finite", np.where(norm < _MIN_NORM, "zero_norm", ""))


def vector_array(vectors: np.ndarray) -> pa.Array:
    """Floats as fixed-size lists, int8 and packed bits as bytes; without a copy."""
    if vectors.dtype.kind != "f":
        content = pa.py_buffer(np.ascontiguousarray(vectors))
        kind = pa.binary(vectors.shape[1])
        return pa.FixedSizeBinaryArray.from_buffers(kind, len(vectors), [None, content])
    flat = pa.array(np.ascontiguousarray(vectors).reshape(-1))
    field = pa.field("element", flat.type, nullable=False)
    return pa.FixedSizeListArray.from_arrays(flat, type=pa.list_(field, vectors.shape[1]))


def vectors_of(array: pa.ChunkedArray, dimension: int) -> np.ndarray:
    """The array that `vector_array` was given: [rows, dimension], or [rows, bytes] of bits."""
    if pa.types.is_fixed_size_binary(array.type):
        width = array.type.byte_width
        kind = np.int8 if width == dimension else np.uint8
        pieces = [_bytes_of(chunk, width).view(kind) for chunk in array.chunks]
        return np.concatenate(pieces) if pieces else np.empty((0, width), kind)
    chunks = [chunk.flatten().to_numpy().reshape(-1, dimension) for chunk in array.chunks]
    return np.concatenate(chunks) if chunks else np.empty((0, dimension), np.float32)


def _bytes_of(array: pa.FixedSizeBinaryArray, width: int) -> np.ndarray:
    content = np.frombuffer(array.buffers()[1], np.uint8)
    return content[array.offset * width :][: len(array) * width].reshape(-1, width)
