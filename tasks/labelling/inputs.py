"""What a labeler reads of a chunk: vectors, texts, or what other labelers said of it.

Knows parts. A document for which something of it is missing gets a reason instead of a label.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from data import OpenStore, read_labels, read_vectors, vectors_of
from labeling import Inputs
from tasks.labelling.job import LabelerJob


@dataclass(frozen=True, slots=True)
class ChunkDocuments:
    """The documents of a chunk.

    Attributes:
        key: chunk, row, doc_id and text_hash, by row.
        texts: Theirs; None where no labeler asks for them.
        digest: Stands for all of its texts.
    """

    chunk: str
    key: pa.Table
    texts: pa.LargeStringArray | None
    digest: str


@dataclass(frozen=True, slots=True)
class ChunkInputs:
    """What a labeler reads of the documents at `places`, ascending; why of no others."""

    places: np.ndarray
    inputs: Inputs
    reason: str = ""


def read_inputs(
    store: OpenStore, labeler: LabelerJob, documents: ChunkDocuments, num_labels: int
) -> ChunkInputs:
    """What the labeler reads of the chunk's documents.

    Raises:
        DamagedPart: a part cannot be read.
    """
    return _READERS[labeler.reads](store, labeler, documents, num_labels)


def _read_texts(_: OpenStore, __: LabelerJob, documents: ChunkDocuments, ___: int) -> ChunkInputs:
    assert documents.texts is not None
    return ChunkInputs(np.arange(len(documents.texts)), documents.texts.to_pylist())


def _read_space(
    store: OpenStore, labeler: LabelerJob, documents: ChunkDocuments, _: int
) -> ChunkInputs:
    stored = read_vectors(store, labeler.sources[0], documents.chunk)
    there, places = _match(documents, stored.documents)
    return ChunkInputs(places, stored.vectors[there], "no_vector")


def _read_members(
    store: OpenStore, labeler: LabelerJob, documents: ChunkDocuments, num_labels: int
) -> ChunkInputs:
    count = documents.key.num_rows
    said = np.full((count, len(labeler.sources), num_labels), np.nan, np.float32)
    for number, member in enumerate(labeler.sources):
        labels = read_labels(store, member, documents.chunk)
        there, places = _match(documents, labels)
        said[places, number] = vectors_of(labels["probabilities"], num_labels)[there]
    places = np.flatnonzero(~np.isnan(said).any(axis=(1, 2)))
    return ChunkInputs(places, said[places], "member_missing")


def _match(documents: ChunkDocuments, table: pa.Table) -> tuple[np.ndarray, np.ndarray]:
    """Where the documents stand in the table, and which of them do; both have ascending rows."""
    wanted, rows = documents.key["row"].to_numpy(), table["row"].to_numpy()
    there = np.searchsorted(rows, wanted)
    is_there = np.isin(wanted, rows)
    return there[is_there], np.flatnonzero(is_there)


_READERS: dict[str, Callable[[OpenStore, LabelerJob, ChunkDocuments, int], ChunkInputs]] = {
    "space": _read_space,
    "text": _read_texts,
    "members": _read_members,
}
