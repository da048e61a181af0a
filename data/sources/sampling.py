"""A sample of the texts of a corpus that depends on the texts alone.

Knows rows as read. Files, chunks and the order of rows change nothing, nor do duplicates.
"""

from collections.abc import Iterable

import numpy as np
import pyarrow as pa

from data.sources.reading import ChunkRows


def sample_texts(chunks: Iterable[ChunkRows], size: int) -> list[str]:
    """The distinct texts with the smallest hashes, in the order of these; all if there are fewer.

    A hash says nothing about its text, so any share of the texts is as likely to be drawn. Memory
    holds the sample and one chunk.
    """
    keys = np.empty(0, np.uint64)
    texts = pa.array([], pa.large_string())
    for rows in chunks:
        keys = np.concatenate([keys, hash_numbers(rows.documents["text_hash"])])
        texts = pa.concat_arrays([texts, rows.texts])
        keys, first = np.unique(keys, return_index=True)
        keys, texts = keys[:size], texts.take(pa.array(first[:size]))
    return [str(text) for text in texts.to_pylist()]


def hash_numbers(hashes: pa.Array | pa.ChunkedArray) -> np.ndarray:
    """The first 8 of the 16 bytes of each text's hash, as a number: who draws by it draws texts."""
    content = b"".join(hashes.to_pylist())
    return np.frombuffer(content, ">u8")[::2].astype(np.uint64)
