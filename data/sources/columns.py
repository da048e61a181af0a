"""Columns of a source file, made plain: dictionaries decoded, views cast, text proved UTF-8.

Knows Arrow types. Does not know what a column is for.
"""

import numpy as np
import pyarrow as pa

from data.sources.parquet_file import UnreadableSource


def plain_type(kind: pa.DataType) -> pa.DataType:
    """The type in which a column is kept: without dictionary and without views."""
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    if pa.types.is_string_view(kind):
        return pa.large_string()
    return pa.large_binary() if pa.types.is_binary_view(kind) else kind


def decode_text(column: pa.ChunkedArray) -> tuple[pa.LargeStringArray, np.ndarray]:
    """A text column as large strings, and where it is not UTF-8 (null there).

    pyarrow reads invalid UTF-8 without a word; only a full validation finds it.
    """
    values = _plain(column).cast(pa.large_string()).combine_chunks()
    values = values if isinstance(values, pa.Array) else pa.concat_arrays(values.chunks)
    try:
        values.validate(full=True)
    except pa.ArrowInvalid:
        return _drop_invalid(values)
    return values, np.zeros(len(values), bool)


def decode_column(table: pa.Table, name: str) -> tuple[pa.Array, np.ndarray]:
    """A column to carry along, made plain, and where it is not UTF-8."""
    column = _plain(table[name])
    kind = column.type
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return decode_text(column)
    values = pa.concat_arrays(column.chunks) if column.num_chunks else pa.array([], kind)
    try:
        values.validate(full=True)
    except pa.ArrowInvalid as error:
        raise UnreadableSource(
            f"the carried column {name!r} of type {kind} is damaged ({error})"
        ) from error
    return values, np.zeros(len(values), bool)


def _plain(column: pa.ChunkedArray) -> pa.ChunkedArray:
    return column.cast(plain_type(column.type))


def _drop_invalid(values: pa.LargeStringArray) -> tuple[pa.LargeStringArray, np.ndarray]:
    """Row by row, in a batch that holds bad bytes only: which rows they are in."""
    raw = values.cast(pa.large_binary()).to_pylist()
    invalid = np.array([value is not None and not _is_utf8(value) for value in raw])
    kept = [None if bad else value for value, bad in zip(raw, invalid, strict=True)]
    return pa.array(kept, pa.large_binary()).cast(pa.large_string()), invalid


def _is_utf8(value: bytes) -> bool:
    try:
        value.decode()
    except UnicodeDecodeError:
        return False
    return True
