"""What a space holds for chosen documents, in their order: vectors, and what its tokenizer saw.

Knows chunks and rows. Does not know which documents have labels.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from data import OpenStore, committed_chunks, load_dataset, read_rejects, read_vectors


@dataclass(frozen=True, slots=True)
class TextFacts:
    """What a tokenizer saw of some texts; NaN where it was not counted."""

    n_tokens: np.ndarray
    n_unknown: np.ndarray
    truncated: np.ndarray

    def take(self, places: np.ndarray) -> "TextFacts":
        """Those at these places."""
        return TextFacts(self.n_tokens[places], self.n_unknown[places], self.truncated[places])


def have_vectors(store: OpenStore, datasets: Sequence[str], key: pa.Table) -> np.ndarray:
    """Bool: which of the documents none of the spaces refused. `key` has chunk and row.

    Raises:
        ValueError: a chunk of theirs is not embedded.
    """
    good = np.ones(key.num_rows, bool)
    for dataset in datasets:
        _refuse_owed(store, dataset, key)
        for chunk, places, rows in _by_chunk(key):
            refused = read_rejects(store, dataset, chunk)["row"].to_numpy()
            good[places] &= ~np.isin(rows, refused)
    return good


def read_space(store: OpenStore, dataset: str, key: pa.Table) -> tuple[np.ndarray, TextFacts]:
    """Float32 [n, dimension] vectors of the documents, all of which have one, and what was seen.

    Memory holds the answer and a chunk.
    """
    dimension = load_dataset(store, dataset).dimension
    assert dimension is not None
    count = key.num_rows
    vectors = np.empty((count, dimension), np.float32)
    facts = TextFacts(np.empty(count), np.empty(count), np.zeros(count, bool))
    for chunk, places, rows in _by_chunk(key):
        stored = read_vectors(store, dataset, chunk)
        there = np.searchsorted(stored.documents["row"].to_numpy(), rows)
        vectors[places] = stored.vectors[there]
        found = stored_facts(stored.documents).take(there)
        facts.n_tokens[places] = found.n_tokens
        facts.n_unknown[places] = found.n_unknown
        facts.truncated[places] = found.truncated
    return vectors, facts


def stored_facts(documents: pa.Table) -> TextFacts:
    """What stands beside the vectors of a chunk; older parts lack the count of unknown tokens."""
    nothing = np.full(documents.num_rows, np.nan)
    has_unknown = "n_unknown" in documents.column_names
    return TextFacts(
        n_tokens=_as_floats(documents["n_tokens"]),
        n_unknown=_as_floats(documents["n_unknown"]) if has_unknown else nothing,
        truncated=documents["truncated"].to_numpy(),
    )


def _as_floats(column: pa.ChunkedArray) -> np.ndarray:
    return np.asarray(column.cast(pa.float64()).to_numpy(), np.float64)  # null becomes NaN


def _by_chunk(key: pa.Table) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
    """Each chunk with the places of its documents and their rows; a chunk's stand together."""
    names = key["chunk"].combine_chunks().dictionary_encode()
    codes, rows = names.indices.to_numpy(), key["row"].to_numpy()
    for places in np.split(np.arange(len(codes)), np.flatnonzero(np.diff(codes)) + 1):
        if len(places):
            yield str(names.dictionary[int(codes[places[0]])]), places, rows[places]


def _refuse_owed(store: OpenStore, dataset: str, key: pa.Table) -> None:
    owed = set(key["chunk"].unique().to_pylist()) - committed_chunks(store, dataset)
    if owed:
        raise ValueError(
            f"the space {dataset} lacks {len(owed)} chunks of the labelled documents, such as "
            f"{min(owed)}. Run again: what is missing is embedded first."
        )
