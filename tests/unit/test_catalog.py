"""The catalog: what a person finds in it, and that it can always be built again."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from data import LocalStore, RunRecord, StoreError, newest_catalog, publish_catalog, save_run
from tests.commits import commit_documents, commit_space, space, vector_of
from tests.stores import ask, corpus_of, embed, list_corpus, seal, tiny_store, write_texts

MEAN = space("bert_mean")


@pytest.fixture
def store(tmp_path: Path) -> LocalStore:
    return tiny_store(tmp_path / "store")


@pytest.fixture
def texts(tmp_path: Path) -> Path:
    write_texts(tmp_path / "texts" / "a.parquet", ["one", None, "two"], label=["x", "y", "z"])
    return tmp_path / "texts"


def test_a_store_without_a_seal_has_no_catalog(store: LocalStore) -> None:
    assert newest_catalog(store) is None
    with pytest.raises(StoreError, match=r"nothing is sealed in .* yet\. Run embed-corpus first"):
        publish_catalog(store)


def test_the_catalog_shows_what_was_sealed(store: LocalStore, texts: Path) -> None:
    embed(store, corpus_of(texts, carry_columns=["label"]), MEAN)
    assert ask(store, "SELECT doc_id, row, label FROM documents ORDER BY row") == [
        ("a.parquet#0", 0, "x"),
        ("a.parquet#2", 2, "z"),
    ]
    assert ask(store, "SELECT row, reason, file FROM rejects") == [(1, "null", "a.parquet")]
    assert ask(store, "SELECT space, model, strategy, dimension, vectors FROM spaces") == [
        ("bert_mean", "bert", "mean", 3, 2)
    ]
    assert ask(store, "SELECT space, rows_planned, rows, rejected FROM chunks ORDER BY ALL") == [
        ("bert_mean", 3, 2, 0),
        (None, 3, 2, 1),
    ]


@pytest.mark.parametrize("precision", ["float32", "float16"])
def test_a_view_gives_vectors_of_a_fixed_length(
    store: LocalStore, texts: Path, precision: Any
) -> None:
    embed(store, corpus_of(texts), space("bert_mean", precision=precision))
    assert ask(store, "SELECT DISTINCT typeof(vector) FROM bert_mean") == ["FLOAT[3]"]
    (vector,) = ask(store, "SELECT vector FROM bert_mean WHERE row = 2")
    assert list(vector) == vector_of("two")
    assert ask(store, "SELECT precision FROM spaces") == [precision]


def test_every_table_and_column_is_explained(store: LocalStore, texts: Path) -> None:
    embed(store, corpus_of(texts, carry_columns=["label"]), MEAN)
    tables = "SELECT table_name FROM duckdb_tables() WHERE NOT internal AND comment IS NULL"
    views = "SELECT view_name FROM duckdb_views() WHERE NOT internal AND comment IS NULL"
    columns = (
        "SELECT table_name, column_name FROM duckdb_columns() "
        "WHERE NOT internal AND comment IS NULL"
    )
    assert [ask(store, query) for query in (tables, views, columns)] == [[], [], []]
    label = """
        SELECT comment FROM duckdb_columns() WHERE table_name = $table AND column_name = 'label'
    """
    assert ask(store, label, table="documents")[0].startswith("Carried along from the source files")


def test_a_space_without_any_vector_is_an_empty_view(store: LocalStore, texts: Path) -> None:
    plan = list_corpus(store, corpus_of(texts))
    commit_documents(store, plan)
    seal(store, plan, MEAN)
    publish_catalog(store)
    assert ask(store, "SELECT vector FROM bert_mean") == []
    columns = "SELECT data_type FROM duckdb_columns() WHERE column_name = 'vector'"
    assert ask(store, columns) == ["FLOAT[3]"]


def test_an_unfinished_run_is_shown_as_incomplete(store: LocalStore, texts: Path) -> None:
    plan = list_corpus(store, corpus_of(texts), chunk_rows=1)
    commit_documents(store, plan)
    commit_space(store, plan, MEAN, [plan.chunks[0].name])
    seal(store, plan, MEAN)
    publish_catalog(store)
    assert ask(store, "SELECT vectors, owed_chunks, is_complete FROM spaces") == [(1, 2, False)]
    assert ask(store, "SELECT row FROM bert_mean") == [0]
    assert ask(store, "SELECT count(*) FROM chunks WHERE NOT is_committed") == [2]


def test_files_that_could_not_be_read_are_named(store: LocalStore, texts: Path) -> None:
    (texts / "bad.parquet").write_text("no")
    embed(store, corpus_of(texts))
    ((corpus, file, reason),) = ask(store, "FROM unreadable_files")
    assert (corpus, file) == ("notes", "bad.parquet")
    assert "not Parquet" in reason


def test_runs_are_listed_with_their_parameters(store: LocalStore, texts: Path) -> None:
    moment = datetime(2026, 11, 21, 10, tzinfo=UTC)
    for run, failures in (("first run", ()), ("second/run", ("a chunk",))):
        record = RunRecord(
            run=run,
            state="incomplete" if failures else "completed",
            corpus="notes",
            plan="p",
            spaces=(),
            started_at=moment,
            ended_at=moment,
            asked={"corpus": {"name": "it's"}},
            failures=failures,
        )
        save_run(store, record)
    embed(store, corpus_of(texts))
    query = "SELECT run, state, asked->>'$.corpus.name', failures, started_at FROM runs ORDER BY 1"
    found = ask(store, query)
    assert [row[:4] for row in found] == [
        ("first run", "completed", "it's", []),
        ("second/run", "incomplete", "it's", ["a chunk"]),
    ]
    assert found[0][4] == moment


def test_two_spaces_with_one_slug_have_two_views(store: LocalStore, texts: Path) -> None:
    first, second = MEAN, space("bert_mean", encoder="other weights")
    embed(store, corpus_of(texts), first, second)
    views = sorted(f"bert_mean_{each.fingerprint[:8]}" for each in (first, second))
    assert ask(store, "SELECT space FROM spaces ORDER BY space") == views
    for view in views:
        assert len(ask(store, f'SELECT row FROM "{view}"')) == 2


@pytest.mark.parametrize("slug", ["documents", "runs", "select", "before", "added"])
def test_a_space_may_have_any_slug(store: LocalStore, texts: Path, slug: str) -> None:
    embed(store, corpus_of(texts), space(slug))
    (view,) = ask(store, "SELECT space FROM spaces")
    assert len(ask(store, f'SELECT vector FROM "{view}"')) == 2
    assert len(ask(store, "SELECT row FROM documents")) == 2
