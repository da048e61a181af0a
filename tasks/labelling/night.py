"""What a night showed: how its new texts differ from those of the test, and a few to be checked.

Knows the labels that a run has made. Judges nothing: figures are shown beside their limits.
"""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
from prefect import task
from prefect.cache_policies import NO_CACHE
from pydantic import BaseModel, ConfigDict

from data import (
    AuditDraw,
    DamagedModel,
    DriftFigure,
    OpenStore,
    load_runs,
    open_existing_store,
    read_heldout,
    read_vectors,
    vectors_of,
)
from labeling import DriftSample, LabelSchema, drift_rows
from tasks.label_columns import indicator_of
from tasks.labelling.job import LabelerJob, LabelJob, LabelReceipt
from tasks.labelling.new_labels import Draw, chunks_to_look_at, read_new_labels
from tasks.labelling.stored_labelers import process_labeler
from tasks.retrying import RETRIES, RETRY_DELAY, is_worth_a_retry
from tasks.training.space_rows import TextFacts, stored_facts

MOST_ROWS = 20_000  # of new texts, by chance: more say no more about drift


class Night(BaseModel):
    """What a run showed beside its labels, or could not: `warnings`; `new_texts` by title."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    drift: tuple[DriftFigure, ...] = ()
    audit: tuple[AuditDraw, ...] = ()
    new_texts: dict[str, int] = {}
    warnings: tuple[str, ...] = ()


@task(
    name="look-at-night",
    task_run_name="look-{job.run}",
    retries=RETRIES,
    retry_delay_seconds=RETRY_DELAY,
    retry_condition_fn=is_worth_a_retry,
    cache_policy=NO_CACHE,
)
def look_at_night(job: LabelJob, receipts: Sequence[LabelReceipt], audit: int) -> Night:
    """Look as a task, so that its time stands in the run."""
    return judge_night(job, receipts, audit)


def judge_night(job: LabelJob, receipts: Sequence[LabelReceipt], audit: int) -> Night:
    """Drift of each labeler that the run was about, and documents drawn for people to check."""
    store = open_existing_store(job.store.path)
    draw = Draw(run=job.run, sample=MOST_ROWS, audit=audit)
    runs = load_runs(store)
    night = Night()
    for labeler in job.asked:
        chunks = chunks_to_look_at(store, job, labeler, receipts, runs)
        if not chunks:
            continue
        found = read_new_labels(store, labeler, chunks, draw)
        heldout, warnings = _read_test(store, labeler)
        night = Night(
            drift=(*night.drift, *_drift(store, job, labeler, heldout, found.sample)),
            audit=(*night.audit, *_draws(labeler, found.audit)),
            new_texts=night.new_texts | {labeler.title: found.num_new},
            warnings=(*night.warnings, *warnings),
        )
    return night


def _draws(labeler: LabelerJob, rows: pa.Table) -> list[AuditDraw]:
    columns = ["chunk", "row", "doc_id", "text_hash", "labels", "is_auto"]
    return [
        AuditDraw(
            labeler=labeler.title,
            version=labeler.name,
            **row | {"text_hash": row["text_hash"].hex(), "labels": tuple(row["labels"])},
        )
        for row in rows.select(columns).to_pylist()
    ]


def _read_test(store: OpenStore, labeler: LabelerJob) -> tuple[pa.Table | None, tuple[str, ...]]:
    """The labeler's test; a damaged one is none, with a warning: a look must not fail a night."""
    try:
        return read_heldout(store, labeler.name), ()
    except DamagedModel as error:
        return None, (f"{labeler.title}: drift was not measured: {error}",)


def _drift(
    store: OpenStore, job: LabelJob, labeler: LabelerJob, heldout: pa.Table | None, rows: pa.Table
) -> list[DriftFigure]:
    """Nothing without new texts, or without a test to compare them with."""
    if heldout is None or not rows.num_rows:
        return []
    schema = process_labeler(job.store.path, labeler.name).spec.label_schema
    reference = _sample(schema, heldout, "predicted_labels", *_heldout_texts(heldout))
    space = described_by(job, labeler)
    texts = _read_texts(store, space, rows) if space else (None, None)
    tonight = _sample(schema, rows, "labels", *texts)
    return [
        DriftFigure(
            labeler=labeler.title,
            version=labeler.name,
            **row.model_dump(include={"statistic", "value", "limit", "n", "look"}),
        )
        for row in drift_rows(reference, tonight)
    ]


def described_by(job: LabelJob, labeler: LabelerJob) -> str | None:
    """The space that says what the labeler's texts are like: its own, or its first member's."""
    if labeler.reads == "space":
        return labeler.sources[0]
    by_dataset = {each.dataset: each for each in job.labelers}
    members = labeler.sources if labeler.reads == "members" else ()
    found = (described_by(job, by_dataset[member]) for member in members)
    return next((space for space in found if space), None)


def _sample(
    schema: LabelSchema,
    table: pa.Table,
    labels: str,
    facts: TextFacts | None,
    vectors: np.ndarray | None,
) -> DriftSample:
    return DriftSample(
        probabilities=vectors_of(table["probabilities"], len(schema.labels)),
        chosen=indicator_of(schema, table[labels]),
        is_auto=table["is_auto"].to_numpy(),
        n_tokens=_if_known(facts.n_tokens) if facts else None,
        truncated=facts.truncated if facts else None,
        n_unknown=_if_known(facts.n_unknown) if facts else None,
        vectors=vectors,
    )


def _if_known(values: np.ndarray) -> np.ndarray | None:
    return None if np.isnan(values).all() else values


def _heldout_texts(heldout: pa.Table) -> tuple[TextFacts | None, np.ndarray | None]:
    """What the labeler's encoder saw of the test's texts, if it has one."""
    vectors = heldout["vector"].drop_null().combine_chunks()
    if not len(vectors):
        return None, None
    facts = stored_facts(
        heldout.set_column(  # one that reads a space knows this of every text
            heldout.column_names.index("truncated"),
            "truncated",
            heldout["truncated"].fill_null(False),
        )
    )
    return facts, vectors.flatten().to_numpy().reshape(len(vectors), -1)


def _read_texts(
    store: OpenStore, space: str, rows: pa.Table
) -> tuple[TextFacts | None, np.ndarray | None]:
    """The same of the rows, which stand together by chunk; None if the space lacks one of them."""
    pieces, vectors = [], []
    for chunk in rows["chunk"].unique().to_pylist():
        wanted = rows.filter(pa.compute.equal(rows["chunk"], chunk))["row"].to_numpy()
        stored = read_vectors(store, space, chunk)
        there = stored.documents["row"].to_numpy()
        if not np.isin(wanted, there).all():
            return None, None
        places = np.searchsorted(there, wanted)
        pieces.append(stored_facts(stored.documents).take(places))
        vectors.append(stored.vectors[places])
    facts = TextFacts(
        np.concatenate([piece.n_tokens for piece in pieces]),
        np.concatenate([piece.n_unknown for piece in pieces]),
        np.concatenate([piece.truncated for piece in pieces]),
    )
    return facts, np.concatenate(vectors)
