"""The labels that were made of texts that are new: what a night is judged by.

Knows labels in the store, and which runs left a record. All rows are seen by their hashes; few are
read whole.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from data import (
    DamagedPart,
    OpenStore,
    RunRecord,
    committed_chunks,
    hash_numbers,
    label_datasets,
    labelled_before,
    load_plan,
    read_labels,
    read_trained_on,
)
from tasks.labelling.job import LabelerJob, LabelJob, LabelReceipt

_KEY = ("chunk", "row", "text_hash")
_LONG_AGO = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class NewLabels:
    """Rows of labels, with all columns of labels, by chunk and row.

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


def chunks_to_look_at(
    store: OpenStore,
    job: LabelJob,
    labeler: LabelerJob,
    receipts: Sequence[LabelReceipt],
    runs: Sequence[RunRecord],
) -> dict[str, list[str]]:
    """The plan's chunks with labels that no night has looked at, by the run that made them.

    Those of this run, of runs that say so, and of runs that left no record: they were killed, or
    are under way beside this one, and then both look.
    """
    told = [receipt.chunk for receipt in receipts if labeler.dataset in receipt.datasets]
    found = {job.run: told} if told else {}
    plan = load_plan(store, job.plan)
    seen = [run for run in runs if run.looked_at]
    nights = [
        run for run in seen if run.corpus == plan.corpus.name and labeler.dataset in run.labelers
    ]
    others = committed_chunks(store, labeler.dataset) - {*told} - _labelled_whole(store, nights)
    begun = max((night.started_at for night in nights), default=_LONG_AGO)
    ended = {run.run for run in seen}
    for chunk in (chunk.name for chunk in plan.chunks if chunk.name in others):
        for run, decided_at in _made_by(store, labeler, chunk):
            if run not in ended and decided_at >= begun:
                found.setdefault(run, []).append(chunk)
    return found


def _labelled_whole(store: OpenStore, nights: Sequence[RunRecord]) -> set[str]:
    """The chunks of the newest night that owed none of them: later nights need not read these."""
    whole = [night for night in nights if night.state == "completed" and not night.failures]
    if not whole:
        return set()
    newest = max(whole, key=lambda night: night.started_at)
    try:
        return {chunk.name for chunk in load_plan(store, newest.plan).chunks}
    except FileNotFoundError:  # plans that nothing needs are removed by gc
        return set()


def _made_by(store: OpenStore, labeler: LabelerJob, chunk: str) -> Iterator[tuple[str, datetime]]:
    """The one run that labelled the chunk, and when; nothing if no label, or damage, tells it."""
    try:
        labels = read_labels(store, labeler.dataset, chunk).slice(0, 1)
    except DamagedPart:  # damage of a week ago must not stop a look at tonight
        return
    for row in labels.select(["run", "decided_at"]).to_pylist():
        yield row["run"], row["decided_at"]


def read_new_labels(
    store: OpenStore, labeler: LabelerJob, chunks: Mapping[str, Sequence[str]], draw: Draw
) -> NewLabels:
    """What runs labelled in these chunks of theirs, at least one."""
    read = partial(read_labels, store, labeler.dataset)
    keys = {
        run: pa.concat_tables([read(chunk).select(_KEY) for chunk in made])
        for run, made in chunks.items()
    }
    key = pa.concat_tables(keys.values())
    if not key.num_rows:  # every document of these chunks was refused
        empty = read(next(iter(chunks.values()))[0])
        return NewLabels(empty, 0, empty)
    is_known = _labelled_before(store, label_datasets(store, labeler.title), keys)
    is_version_known = _labelled_before(store, [labeler.dataset], keys)
    numbers = hash_numbers(key["text_hash"].combine_chunks())
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


def _labelled_before(
    store: OpenStore, datasets: Sequence[str], keys: Mapping[str, pa.Table]
) -> np.ndarray:
    """Bool, for each row: whether another run than its own labelled the text."""
    asked = ((run, key["text_hash"].combine_chunks()) for run, key in keys.items())
    return np.concatenate([labelled_before(store, datasets, *each) for each in asked])


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
