"""Labelers made by hand, and what they say of a corpus, through data's own doors: no training.

A labeler is a table of texts with their probabilities; of any other text it knows nothing.
"""

from collections.abc import Container, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from safetensors.numpy import save

from data import (
    ChunkRows,
    LocalStore,
    Plan,
    SealOutcome,
    SealRequest,
    labeler_dataset,
    labels_schema,
    load_labeler,
    newest_seal,
    publish_catalog,
    save_model,
    seal_corpus,
    vector_array,
)
from tests.commits import commit_tables, documents_of, read_all, rejects_table
from tests.damages import flip

MOMENT = datetime(2026, 11, 21, 2, tzinfo=UTC)
LABELS = ("film", "news", "sport")
MIN_SCORE = 0.75
_KEY = ["chunk", "row", "doc_id", "text_hash"]

Says = Mapping[str, Sequence[float]]


def about_labeler(title: str = "topic", **changes: Any) -> dict[str, Any]:
    """What a stored labeler says of itself: linear, of texts, single-label; or as changed."""
    schema = {"task": changes.pop("task", "single_label"), "labels": list(LABELS)}
    return {
        "kind": "labeler",
        "title": title,
        "label_schema": schema | {"labels": changes.pop("labels", list(LABELS))},
        "source": {"kind": "text"},
        "method": {"name": "logistic_regression", "parameters": {}},
        "calibration": {"scale": [1.0], "shift": [0.0]},
        "thresholds": [],
        "decision": {"target_precision": 0.9, "min_score": MIN_SCORE},
    } | changes


def keep_labeler(store: LocalStore, title: str = "topic", seed: int = 0, **changes: Any) -> str:
    """A stored labeler; another seed is another version."""
    about = about_labeler(title, **changes)
    count = len(about["label_schema"]["labels"])
    weights = np.arange(count * 3, dtype=np.float32).reshape(count, 3) + seed
    tensors = save({"weights": weights, "bias": np.ones(count, np.float32)})
    return save_model(store, title, about, tensors)


def keep_ensemble(store: LocalStore, *members: str, title: str = "all") -> str:
    source = {"kind": "members", "labelers": list(members)}
    return keep_labeler(store, title, source=source, method={"name": "soft_vote"})


def label_tables(
    store: LocalStore, name: str, rows: ChunkRows, says: Says, *, run: str = "night-1"
) -> tuple[pa.Table, pa.Table]:
    """The labels of a chunk; a text of which nothing is said is a reject."""
    labeler = load_labeler(store, name)
    texts = rows.texts.to_pylist()
    kept = pa.array([text in says for text in texts], pa.bool_())
    documents = rows.documents.filter(kept)
    given = [list(says[text]) for text in texts if text in says]
    probabilities = np.array(given, np.float32).reshape(-1, len(labeler.label_schema.labels))
    chosen = _choose(probabilities, labeler.label_schema.task == "single_label")
    labels = [[labeler.label_schema.labels[n] for n in np.flatnonzero(row)] for row in chosen]
    is_single = labeler.label_schema.task == "single_label"
    score = np.where(chosen, probabilities, 1 - probabilities).min(axis=1)
    score = probabilities.max(axis=1) if is_single else score
    least = labeler.decision.min_score
    columns = {column: documents[column] for column in _KEY} | {
        "label": pa.array([some[0] if is_single else None for some in labels], pa.string()),
        "labels": pa.array(labels, pa.list_(pa.string())),
        "score": pa.array(score, pa.float32()),
        "probabilities": vector_array(probabilities),
        "is_auto": pa.array([least is not None and each >= least for each in score], pa.bool_()),
        "decided_at": pa.array([MOMENT] * len(labels), pa.timestamp("us", "UTC")),
        "run": pa.array([run] * len(labels), pa.string()),
    }
    schema = labels_schema(probabilities.shape[1])
    refused = rows.documents.filter(pa.compute.invert(kept)).select(_KEY)
    return pa.table(columns, schema=schema), rejects_table(refused, "label", "no_vector")


def commit_labels(
    store: LocalStore, plan: Plan, name: str, says: Says, chunks: Container[str] | None = None
) -> None:
    """What the labeler says of every text of these chunks."""
    dataset = labeler_dataset(store, name).name
    for rows in read_all(plan):
        if chunks is None or rows.chunk.name in chunks:
            commit_tables(store, dataset, rows, *label_tables(store, name, rows, says))


def seal_labels(store: LocalStore, plan: Plan, *names: str) -> SealOutcome:
    """Seal what is committed, as a run of these labelers does."""
    newest = newest_seal(store)
    request = SealRequest(
        corpus=plan.corpus.name,
        plan=plan.name,
        seal_before=newest.number if newest else 0,
        documents=documents_of(store, plan).name,
        spaces=(),
        labelers=tuple(labeler_dataset(store, name).name for name in names),
        run="by-hand",
    )
    return seal_corpus(store, request)


def label(store: LocalStore, plan: Plan, says: Mapping[str, Says]) -> None:
    """A whole run: what each labeler says of the corpus, committed, sealed and published."""
    for name, some in says.items():
        commit_labels(store, plan, name, some)
    seal_labels(store, plan, *says)
    publish_catalog(store)


def damage_test(root: Path, name: str) -> None:
    """Flip a byte in a page of what the labeler's test said, which its checksum tells."""
    file = root / "models" / name / "heldout.parquet"
    column = pq.read_metadata(file).row_group(0).column(0)
    begin = column.dictionary_page_offset or column.data_page_offset
    flip(file, begin + column.total_compressed_size - 1)


def _choose(probabilities: np.ndarray, is_single: bool) -> np.ndarray:
    if is_single:
        best = probabilities.argmax(axis=1) if len(probabilities) else np.empty(0, int)
        return np.asarray(np.eye(probabilities.shape[1], dtype=bool)[best])
    return np.asarray(probabilities >= 0.5)
