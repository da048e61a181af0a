"""What is done to texts before a model sees them: joined, refused with a reason, hashed.

Knows Arrow columns of text. Does not know where they come from.
"""

import hashlib
from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from data.schemas import TEXT_HASH
from data.sources.columns import decode_text


def hash_texts(texts: pa.LargeStringArray) -> pa.FixedSizeBinaryArray:
    """The blake2b-128 of each text's UTF-8 bytes: what decides whether a text is the same."""
    raw = texts.cast(pa.large_binary()).to_pylist()
    return pa.array([hashlib.blake2b(text, digest_size=16).digest() for text in raw], TEXT_HASH)


def first_occurrences(hashes: pa.FixedSizeBinaryArray) -> np.ndarray:
    """For each position, the first position that holds the same hash."""
    codes = np.asarray(hashes.dictionary_encode().indices)
    _, first = np.unique(codes, return_index=True)
    return first[codes] if len(codes) else codes.astype(np.int64)


def join_texts(
    table: pa.Table, names: Sequence[str], separator: str
) -> tuple[pa.LargeStringArray, np.ndarray]:
    """The texts, null where every part is null, and where one of the parts is not UTF-8."""
    decoded = [decode_text(table[name]) for name in names]
    invalid = np.logical_or.reduce([bad for _, bad in decoded])
    parts = [part for part, _ in decoded]
    if len(parts) == 1:
        return parts[0], invalid
    empty = pa.scalar("", pa.large_string())
    all_null = pa.array(np.logical_and.reduce([np.asarray(pc.is_null(part)) for part in parts]))
    all_blank = pa.array(np.logical_and.reduce([np.asarray(_is_blank(part)) for part in parts]))
    # pyarrow 26 leaves a row out of its answer when all its parts are null, so none is
    parts[0] = pc.if_else(all_null, empty, parts[0])
    joined = pc.binary_join_element_wise(
        *parts, pa.scalar(separator, pa.large_string()), null_handling="skip"
    )
    joined = pc.if_else(all_blank, empty, joined)
    return pc.if_else(all_null, pa.scalar(None, pa.large_string()), joined), invalid


def reject_reasons(text: pa.LargeStringArray, invalid: np.ndarray) -> pa.StringArray:
    """Why each row is refused; null where it is not."""
    empty = pc.equal(text, "")
    return pc.case_when(
        pc.make_struct(
            pa.array(invalid), pc.is_null(text), pc.fill_null(empty, False), _is_blank(text)
        ),
        *(pa.scalar(reason) for reason in ("invalid_utf8", "null", "empty", "blank")),
    )


def _is_blank(text: pa.LargeStringArray) -> pa.BooleanArray:
    return pc.fill_null(pc.equal(pc.utf8_trim_whitespace(text), ""), True)
