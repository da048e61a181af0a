"""What a chunk gets of a labeler: the part with its labels, and rejects with their reason.

Knows how predictions become rows and a record. Does not commit: tasks/labelling/step.py does.
"""

from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
import pyarrow as pa

from data import (
    REJECTS,
    OpenStore,
    Record,
    describe_part,
    labels_schema,
    part_keys,
    write_part,
)
from labeling import Labeler, predict
from tasks.label_columns import certainty_columns, decision_columns
from tasks.labelling.inputs import ChunkDocuments, ChunkInputs
from tasks.labelling.job import LabelerJob


@dataclass(frozen=True, slots=True)
class LabelOutput:
    """The record of a chunk's labels, not committed yet, and how many of them are for people."""

    record: Record
    for_review: int


def write_labels(
    store: OpenStore,
    job: LabelerJob,
    labeler: Labeler,
    documents: ChunkDocuments,
    inputs: ChunkInputs,
    attempt: "Attempt",
) -> LabelOutput:
    """Predict, and write the parts of this attempt."""
    labels = _labels_table(labeler, documents.key, inputs, attempt)
    tables = (labels, _rejects_table(documents.key, inputs))
    keys = part_keys(job.dataset, documents.chunk, attempt.name)
    for key, table in zip(keys, tables, strict=True):
        if table.num_rows:
            with write_part(store, key, table.schema) as part:
                part.append(table)
    record = Record(
        dataset=job.dataset,
        chunk=documents.chunk,
        attempt=attempt.name,
        rows_in=documents.key.num_rows,
        rows=tables[0].num_rows,
        rejected=tables[1].num_rows,
        texts_digest=documents.digest,
        part=describe_part(store, keys[0], tables[0].num_rows),
        rejects=describe_part(store, keys[1], tables[1].num_rows),
    )
    return LabelOutput(record, int(labels.num_rows - (labels["is_auto"].to_numpy()).sum()))


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try at a chunk: a name that no other has, and the run that makes it."""

    name: str
    run: str


def _labels_table(
    labeler: Labeler, key: pa.Table, inputs: ChunkInputs, attempt: Attempt
) -> pa.Table:
    schema = labels_schema(len(labeler.spec.label_schema.labels))
    count = len(inputs.places)
    if not count:
        return schema.empty_table()
    predictions = predict(labeler, inputs.inputs)
    label, labels = decision_columns(labeler.spec.label_schema, predictions.chosen)
    found = key.take(pa.array(inputs.places))
    columns = {name: found[name] for name in key.column_names} | {
        "label": label,
        "labels": labels,
        **certainty_columns(predictions),
        "decided_at": pa.repeat(pa.scalar(datetime.now(UTC), pa.timestamp("us", "UTC")), count),
        "run": pa.repeat(pa.scalar(attempt.run), count),
    }
    return pa.table(columns, schema=schema)


def _rejects_table(key: pa.Table, inputs: ChunkInputs) -> pa.Table:
    others = np.setdiff1d(np.arange(key.num_rows), inputs.places)
    found, count = key.take(pa.array(others)), len(others)
    columns = {name: found[name] for name in key.column_names} | {
        "stage": pa.repeat(pa.scalar("label"), count),
        "reason": pa.repeat(pa.scalar(inputs.reason), count),
        "detail": pa.nulls(count, pa.string()),
    }
    return pa.table(columns, schema=REJECTS)
