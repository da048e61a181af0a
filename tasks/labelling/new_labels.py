"""The labels that a run has made of texts that are new: what a night is judged by.

Knows labels in the store. All rows of the run are seen by their hashes; few are read whole.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from data import (
    OpenStore,
    hash_numbers,
    label_datasets,
    labelled_before,
    read_labels,
    read_trained_on,
)
from tasks.labelling.job import LabelerJob

_KEY = ("chunk", "row", "text_hash")


@dataclass(frozen=True, slots=True)
class NewLabels:
    """Rows of labels that a run made, with all columns of labels, by chunk and row.

    Attributes:
        sample: Of texts that no version of the labeler had labelled before, by chance.
        num_new: How many there are of these.
        audit: Of texts that this version had not, each text once, by chance; of another chance
            every night.

    In neither are texts that the labeler was trained or tested on: of these it says nothing new.
    """

    sample: pa.Table
    num_new: int
    audit: pa.Table


@dataclass(frozen=True, slots=True)
class Draw:
    """How many rows are drawn for the sample, how many texts for the audit, and in which run."""

    run: str
    sample: int
    audit: int


def read_new_labels(
    store: OpenStore, labeler: LabelerJob, chunks: Sequence[str], draw: Draw
) -> NewLabels:
    """What a run labelled in these chunks, at least one."""
    read = partial(read_labels, store, labeler.dataset)
    key = pa.concat_tables([read(chunk).select(_KEY) for chunk in chunks])
    if not key.num_rows:  # every document of these chunks was refused
        return NewLabels(read(chunks[0]), 0, read(chunks[0]))
    hashes = key["text_hash"].combine_chunks()
    is_known = labelled_before(store, label_datasets(store, labeler.title), draw.run, hashes)
    is_version_known = labelled_before(store, [labeler.dataset], draw.run, hashes)
    numbers = hash_numbers(hashes)
    is_seen = np.isin(numbers, read_trained_on(store, labeler.name))
    new = np.flatnonzero(~(is_known | is_seen))
    new_to_version = np.flatnonzero(~(is_version_known | is_seen))
    shuffled = np.bitwise_xor(numbers[new_to_version], _number_of(draw.run))
    _, first = np.unique(shuffled, return_index=True)
    return NewLabels(
        sample=_read(
            store, labeler, key, new[np.argsort(numbers[new], kind="stable")[: draw.sample]]
        ),
        num_new=len(new),
        audit=_read(store, labeler, key, new_to_version[first[: draw.audit]]),
    )


def _read(store: OpenStore, labeler: LabelerJob, key: pa.Table, places: np.ndarray) -> pa.Table:
    """The rows at these places, whole."""
    wanted = key.take(pa.array(np.sort(places))).select(["chunk", "row"])
    tables = [read_labels(store, labeler.dataset, key["chunk"][0].as_py()).slice(0, 0)]
    for chunk in wanted["chunk"].unique().to_pylist():
        rows = wanted.filter(pc.equal(wanted["chunk"], chunk))["row"].combine_chunks()
        table = read_labels(store, labeler.dataset, chunk)
        tables.append(table.filter(pc.is_in(table["row"], value_set=rows)))
    return pa.concat_tables(tables)


def _number_of(run: str) -> np.uint64:
    return np.uint64(int.from_bytes(hashlib.blake2b(run.encode(), digest_size=8).digest()))
