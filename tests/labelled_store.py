"""A store with everything about labels in it, whatever its corpus: nothing of it is learned.

What a labeler says of a text depends on the text's hash alone.
"""

import hashlib
from typing import Any

import numpy as np
import pyarrow as pa
from safetensors.numpy import save

from data import (
    AuditDraw,
    DriftFigure,
    LocalStore,
    Plan,
    RunRecord,
    load_dataset,
    load_plan,
    newest_seal,
    promote,
    publish_catalog,
    save_evaluation,
    save_model,
    save_reviews,
    save_run,
)
from tests.commits import read_all
from tests.labels import LABELS, MOMENT, Says, about_labeler, keep_ensemble, keep_labeler, label
from tests.stores import ask


def label_corpus(store: LocalStore, space: str) -> None:
    """Two labelers of the one corpus and an ensemble; tests, drift, an audit, and reviews."""
    seal = newest_seal(store)
    assert seal is not None
    ((corpus, sealed),) = seal.corpora.items()
    plan = load_plan(store, sealed.plan)
    words, mean = keep_labeler(store, "words"), keep_mean(store, space)
    both = keep_ensemble(store, words, mean, title="both")
    older = keep_labeler(store, "words", seed=1)
    promote(store, older)
    label(store, plan, {older: say(plan, "older")})
    for name in (words, mean, both):
        promote(store, name)
        evaluate(store, name)
    label(store, plan, {name: say(plan, name) for name in (words, mean, both)})
    audit(store, corpus)


def keep_mean(store: LocalStore, space: str) -> str:
    """A linear labeler of a space."""
    query = "SELECT dataset, dimension FROM spaces WHERE space = $space"
    ((dataset, dimension),) = ask(store, query, space=space)
    fingerprint = load_dataset(store, dataset).fingerprint
    source = {"kind": "space", "space": fingerprint, "name": space}
    weights = np.linspace(-1, 1, len(LABELS) * dimension, dtype=np.float32)
    tensors = {"weights": weights.reshape(len(LABELS), -1), "bias": np.zeros(3, np.float32)}
    return save_model(store, "mean", about_labeler("mean", source=source), save(tensors))


def say(plan: Plan, salt: str) -> Says:
    """Probabilities in steps of an eighth, by hash."""
    texts = (text for rows in read_all(plan) for text in rows.texts.to_pylist())
    return {text: _spread(hashlib.blake2b(f"{salt}{text}".encode()).digest()) for text in texts}


def _spread(digest: bytes) -> list[float]:
    most = 0.5 + digest[0] % 4 / 8
    rest = [1 - most, 0.0]
    place = digest[1] % 3
    return [*rest[:place], most, *rest[place:]]


def evaluate(store: LocalStore, name: str) -> None:
    """A test on the first documents of the corpus, half of them wrong."""
    hashes = ask(store, "SELECT text_hash FROM documents ORDER BY row LIMIT 8")
    truth, predicted = ["film"] * 8, ["film", "news"] * 4
    heldout = pa.table(
        {
            "doc_id": [str(n) for n in range(8)],
            "text_hash": hashes,
            "label": truth,
            "labels": [[each] for each in truth],
            "predicted": predicted,
            "predicted_labels": [[each] for each in predicted],
            "score": [0.75, 0.5] * 4,
            "probabilities": [[0.75, 0.25, 0.0], [0.25, 0.5, 0.25]] * 4,
            "is_auto": [True, False] * 4,
        }
    )
    names = ("accuracy", "f1_macro", "f1_micro", "ece")
    metrics = [{"name": each, "value": 0.5, "low": 0.25, "high": 0.75} for each in names]
    figures: dict[str, Any] = {"difference": 0.0, "low": -0.1, "high": 0.1, "p_value": 1.0}
    evaluation: dict[str, Any] = {
        "num_train": 32,
        "num_test": 8,
        "metrics": metrics,
        "confusion": [[4, 4, 0], [0, 0, 0], [0, 0, 0]],
        "paired_tests": [{"first": "mean", "second": "words", **figures, "num_test": 8}],
    }
    save_evaluation(store, name, evaluation, heldout)


def audit(store: LocalStore, corpus: str) -> None:
    """A run that drew two documents, of which one is reviewed, and that saw some drift."""
    columns = "chunk, row, doc_id, text_hash, labeler, version, labels, is_auto"
    query = f"SELECT {columns} FROM current_labels WHERE labeler = 'both' ORDER BY row LIMIT 2"
    rows = [dict(zip(columns.split(", "), row, strict=True)) for row in ask(store, query)]
    review = rows[0] | {"label": rows[0]["labels"][0], "reason": "audit", "reviewed_at": MOMENT}
    save_reviews(store, pa.Table.from_pylist([review]))
    drift = DriftFigure(
        labeler="both", version=rows[0]["version"], statistic="mean_confidence", value=0.1,
        limit=0.2, n=300, look=False,
    )  # fmt: skip
    record = RunRecord(
        run="night-1", state="completed", corpus=corpus, plan="p", spaces=(), started_at=MOMENT,
        ended_at=MOMENT, asked={}, labelled=600, for_review=9, drift=(drift,),
        audit=tuple(AuditDraw(**row | {"text_hash": row["text_hash"].hex()}) for row in rows),
    )  # fmt: skip
    save_run(store, record)
    publish_catalog(store)
