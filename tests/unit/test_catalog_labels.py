"""Labels in the catalog: what labelers said, who is in force, what their tests said, and drift."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from safetensors.numpy import save

import data.catalog.publishing
from data import (
    DriftFigure,
    LocalStore,
    Plan,
    RunRecord,
    promote,
    publish_catalog,
    save_evaluation,
    save_model,
    save_run,
)
from tests.commits import space
from tests.labels import (
    LABELS,
    MOMENT,
    about_labeler,
    commit_labels,
    keep_ensemble,
    keep_labeler,
    label,
    seal_labels,
)
from tests.stores import ask, corpus_of, embed, tiny_store, write_texts

MEAN = space("bert_mean")
SAYS = {"one": [0.75, 0.25, 0.0], "two": [0.0, 0.5, 0.5]}
VIEWS = (
    *("labels", "current_labels", "predictions_heldout", "review", "audit", "ballots"),
    *("votes_soft", "votes_majority", "disagreement"),
)


@pytest.fixture
def store(tmp_path: Path) -> LocalStore:
    return tiny_store(tmp_path / "store")


@pytest.fixture
def plan(store: LocalStore, tmp_path: Path) -> Plan:
    write_texts(tmp_path / "texts" / "a.parquet", ["one", "two"])
    return embed(store, corpus_of(tmp_path / "texts"), MEAN)


def types(store: LocalStore) -> dict[tuple[str, str], str]:
    query = "SELECT table_name, column_name, data_type FROM duckdb_columns() WHERE NOT internal"
    return {(table, column): kind for table, column, kind in ask(store, query)}


def test_what_a_labeler_said_is_a_view(store: LocalStore, plan: Plan) -> None:
    name = keep_labeler(store, "My 'topics'")
    label(store, plan, {name: SAYS})

    (first, second) = ask(store, "FROM labels ORDER BY row")

    (text_hash,) = ask(store, "SELECT text_hash FROM documents WHERE row = 0")
    assert first == (
        *(plan.chunks[0].name, 0, "a.parquet#0", text_hash, "My 'topics'", name, "film", ["film"]),
        *(0.75, [0.75, 0.25, 0.0], True, MOMENT, "night-1"),
    )
    assert (second[6], second[8], second[10]) == ("news", 0.5, False)


def test_an_empty_store_has_the_views_of_a_full_one(
    store: LocalStore, plan: Plan, tmp_path: Path
) -> None:
    empty = types(store)
    assert [ask(store, f"SELECT count(*) FROM {view}") for view in VIEWS] == [[0]] * len(VIEWS)
    name = keep_labeler(store)
    save_evaluation(store, name, {}, heldout())
    promote(store, name)
    label(store, plan, {name: SAYS})

    full = types(store)

    assert [ask(store, f"SELECT count(*) > 0 FROM {view}") for view in ("labels", "ballots")] == [
        [True],
        [True],
    ]
    assert full == empty


def test_only_labelers_in_force_are_current(store: LocalStore, plan: Plan) -> None:
    old, new = (keep_labeler(store, "topic", seed) for seed in (0, 1))
    promote(store, old)
    label(store, plan, {old: SAYS, new: SAYS})
    current = "SELECT DISTINCT version FROM current_labels"
    assert ask(store, current) == [old]

    promote(store, new)
    publish_catalog(store)

    assert ask(store, current) == [new]
    assert ask(store, "SELECT count(*) FROM labels") == [4]


def test_each_labeler_is_described(store: LocalStore, plan: Plan) -> None:
    source = {"kind": "space", "space": MEAN.fingerprint, "name": "as it was called then"}
    mean = keep_labeler(store, "mean", source=source)
    words = keep_labeler(store, "words", task="multi_label", thresholds=[0.5, 0.25, 0.5])
    both = keep_ensemble(store, mean, words, title="both")
    promote(store, mean)
    publish_catalog(store)

    query = (
        "SELECT labeler, task, source, space, members, method, thresholds, min_score, is_in_force "
        "FROM labelers ORDER BY labeler"
    )
    assert ask(store, query) == [
        ("both", "single_label", "members", None, [mean, words], "soft_vote", [], 0.75, False),
        ("mean", "single_label", "space", "bert_mean", [], "logistic_regression", [], 0.75, True),
        (
            *("words", "multi_label", "text", None, [], "logistic_regression"),
            *([0.5, 0.25, 0.5], 0.75, False),
        ),
    ]
    assert ask(store, "SELECT DISTINCT labels FROM labelers") == [list(LABELS)]
    assert ask(store, "SELECT version FROM labelers WHERE labeler = 'both'") == [both]


def test_documents_that_got_no_label_are_rejects_of_their_labeler(
    store: LocalStore, plan: Plan
) -> None:
    name = keep_labeler(store)
    label(store, plan, {name: {"one": SAYS["one"]}})

    query = "SELECT space, labeler, version, row, stage, reason, file FROM rejects"
    assert ask(store, query) == [(None, "topic", name, 1, "label", "no_vector", "a.parquet")]
    counted = "SELECT labeler, version, labelled, rejected FROM labelled_corpora"
    assert ask(store, counted) == [("topic", name, 1, 1)]


def test_labels_are_no_documents(store: LocalStore, plan: Plan) -> None:
    label(store, plan, {keep_labeler(store): SAYS})

    assert ask(store, "SELECT count(*) FROM documents") == [2]
    query = "SELECT space, labeler, rows FROM chunks ORDER BY ALL NULLS LAST"
    assert ask(store, query) == [
        ("bert_mean", None, 2),
        (None, "topic", 2),
        (None, None, 2),
    ]


def test_owed_chunks_are_shown_as_such(store: LocalStore, plan: Plan) -> None:
    name = keep_labeler(store)
    seal_labels(store, plan, name)
    publish_catalog(store)

    assert ask(store, "SELECT labelled, owed_chunks, is_complete FROM labelled_corpora") == [
        (0, 1, False)
    ]
    assert ask(store, "SELECT count(*) FROM labels") == [0]


def test_a_labeler_that_is_gone_leaves_its_labels(store: LocalStore, plan: Plan) -> None:
    name = keep_labeler(store)
    label(store, plan, {name: SAYS})
    (store.root / "models" / name / "about.json").unlink()
    publish_catalog(store)

    assert ask(store, "SELECT DISTINCT labeler, version FROM labels") == [("topic", name)]
    assert ask(store, "SELECT count(*) FROM labelers") == [0]


def heldout() -> pa.Table:
    """Two documents of a test, of which the second was taken for news."""
    return pa.table(
        {
            "doc_id": ["d1", "d2"],
            "text_hash": [b"1" * 16, b"2" * 16],
            "label": ["film", "sport"],
            "labels": [["film"], ["sport"]],
            "predicted": ["film", "news"],
            "predicted_labels": [["film"], ["news"]],
            "score": [0.75, 0.5],
            "probabilities": [[0.75, 0.25, 0.0], [0.25, 0.5, 0.25]],
            "is_auto": [True, False],
        }
    )


EVALUATION: dict[str, Any] = {
    "num_train": 8,
    "num_test": 2,
    "metrics": [{"name": "accuracy", "value": 0.5, "low": 0.0, "high": 1.0}],
    "per_label": [{"label": "film", "precision": 1.0, "recall": 0.75, "f1": 0.5, "support": 1}],
    "confusion": [[1, 0, 0], [0, 0, 0], [0, 1, 0]],
    "calibration": [],
    "ece_limit": 0.125,
    "auto_share": 0.5,
    "auto_precision": None,
    "paired_tests": [
        {
            "first": "mean",
            "second": "cls",
            "difference": 0.25,
            "low": 0.1,
            "high": 0.4,
            "p_value": 0.01,
            "num_test": 2,
        }
    ],
}


def test_what_a_test_said_is_in_tables(store: LocalStore, plan: Plan) -> None:
    name = keep_labeler(store)
    save_evaluation(store, name, EVALUATION, heldout())
    publish_catalog(store)

    query = "SELECT metric, label, value, low, high, support, num_train, num_test FROM evaluations"
    assert ask(store, f"{query} ORDER BY label NULLS FIRST, metric") == [
        ("accuracy", None, 0.5, 0.0, 1.0, None, 8, 2),
        ("auto_share", None, 0.5, None, None, None, 8, 2),
        ("ece_limit", None, 0.125, None, None, None, 8, 2),
        ("f1", "film", 0.5, None, None, 1, 8, 2),
        ("precision", "film", 1.0, None, None, 1, 8, 2),
        ("recall", "film", 0.75, None, None, 1, 8, 2),
    ]
    confused = "SELECT version, label, predicted, documents FROM confusion ORDER BY label"
    assert ask(store, confused) == [(name, "film", "film", 1), (name, "sport", "news", 1)]
    paired = "SELECT labeler, first, second, difference, p_value FROM paired_tests"
    assert ask(store, paired) == [("topic", "mean", "cls", 0.25, 0.01)]


def test_accuracy_can_be_counted_from_the_documents_of_the_test(
    store: LocalStore, plan: Plan
) -> None:
    save_evaluation(store, keep_labeler(store), EVALUATION, heldout())
    publish_catalog(store)

    query = "SELECT labeler, avg((label = predicted)::INT) FROM predictions_heldout GROUP BY ALL"
    assert ask(store, query) == [("topic", 0.5)]


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("evaluation.json", "{"),
        ("evaluation.json", '{"metrics": 1}'),
        ("heldout.parquet", "PAR1"),
    ],
)
def test_a_damaged_test_is_left_out_and_stops_nothing(
    store: LocalStore, plan: Plan, file: str, content: str, caplog: pytest.LogCaptureFixture
) -> None:
    name = keep_labeler(store)
    save_evaluation(store, name, EVALUATION, heldout())
    (store.root / "models" / name / file).write_text(content)
    publish_catalog(store)

    assert ask(store, "SELECT count(*) FROM labelers") == [1]
    assert f"{name}" in caplog.text
    assert "left out" in caplog.text


def test_sql_scores_a_space_with_the_weights_of_a_linear_labeler(
    store: LocalStore, plan: Plan
) -> None:
    source = {"kind": "space", "space": MEAN.fingerprint, "name": "bert_mean"}
    soft = {"soft_share": 0.25, "soft_scale": 1.0}
    calibration = {"scale": [2.0], "shift": [0.5], **soft}
    about = about_labeler("mean", source=source, calibration=calibration)
    weights = np.eye(3, dtype=np.float32)
    bias = np.array([0.0, 1.0, 2.0], np.float32)
    save_model(store, "mean", about, save({"weights": weights, "bias": bias}))
    publish_catalog(store)

    query = """
        SELECT h.position, h.label, list_inner_product(v.vector::DOUBLE[], h.weights) + h.bias,
            v.vector[h.position]
        FROM linear_heads h, bert_mean v WHERE h.space = 'bert_mean' AND v.row = 0
        ORDER BY h.position
    """
    found = ask(store, query)
    assert [(place, name) for place, name, *_ in found] == list(enumerate(LABELS, start=1))
    for place, _, logit, value in found:
        assert logit == 2 * (value + (place - 1)) + 0.5
    assert set(ask(store, "SELECT soft_share, softer FROM linear_heads")) == {(0.25, 0.5)}


@pytest.mark.parametrize(
    "changes",
    [
        {"source": {"kind": "text"}},
        {"method": {"name": "mlp"}},
        {"method": {"name": "prototype"}},
        {"labels": ["a", "b"]},
    ],
)
def test_weights_that_sql_could_not_use_are_left_out(
    store: LocalStore, plan: Plan, changes: dict[str, Any]
) -> None:
    source = {"kind": "space", "space": MEAN.fingerprint, "name": "bert_mean"}
    about = about_labeler("mean", **({"source": source} | changes))
    tensors = {"weights": np.eye(3, dtype=np.float32), "bias": np.ones(3, np.float32)}
    save_model(store, "mean", about, save(tensors))
    publish_catalog(store)

    assert ask(store, "SELECT count(*) FROM linear_heads") == [0]
    assert ask(store, "SELECT count(*) FROM labelers") == [1]


def test_drift_stands_beside_what_is_not_unusual(store: LocalStore, plan: Plan) -> None:
    name, moment = keep_labeler(store), datetime(2026, 11, 21, 2, tzinfo=UTC)
    figure = DriftFigure(
        labeler="topic", version=name, statistic="centroid_distance", value=0.3, limit=0.2, n=300,
        look=True,
    )  # fmt: skip
    record = RunRecord(
        run="night-1", state="completed", corpus="notes", plan=plan.name, spaces=(),
        started_at=moment, ended_at=moment, asked={}, labelers=("d",), labelled=300,
        for_review=20, drift=(figure,),
    )  # fmt: skip
    save_run(store, record)
    publish_catalog(store)

    assert ask(store, "FROM drift") == [
        ("night-1", "notes", "topic", name, "centroid_distance", 0.3, 0.2, 300, True)
    ]
    counted = "SELECT labelers, labelled, for_review FROM runs"
    assert ask(store, counted) == [(["d"], 300, 20)]


def test_a_slow_publisher_does_not_hide_a_test(
    store: LocalStore, plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    build = data.catalog.publishing._build

    def build_slowly(*given: Any) -> Path:
        path = build(*given)
        monkeypatch.setattr(data.catalog.publishing, "_build", build)
        save_evaluation(store, keep_labeler(store), EVALUATION, heldout())
        publish_catalog(store)
        return path

    monkeypatch.setattr(data.catalog.publishing, "_build", build_slowly)
    publish_catalog(store)

    assert ask(store, "SELECT count(*) FROM paired_tests") == [1]


def test_labels_of_a_part_of_the_corpus_are_shown(store: LocalStore, tmp_path: Path) -> None:
    write_texts(tmp_path / "more" / "a.parquet", ["one", "two"])
    plan = embed(store, corpus_of(tmp_path / "more", "more"), chunk_rows=1)
    name = keep_labeler(store)
    commit_labels(store, plan, name, SAYS, [plan.chunks[1].name])
    seal_labels(store, plan, name)
    publish_catalog(store)

    assert ask(store, "SELECT doc_id FROM labels") == ["a.parquet#1"]
