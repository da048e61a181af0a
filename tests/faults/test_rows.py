"""Cases 22 to 26: rows of every kind, and vectors that mean nothing."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

import data.reuse.known_vectors
from data import LocalStore, newest_catalog, resolve_dataset, run_query
from data.checking.checks import InvariantBroken
from tasks.owed import count_rejects
from tasks.pacing import too_many_rejects
from tasks.summary import what_is_owed
from tests.commits import commit_tables, read_all, space_table
from tests.faults.accounts import account
from tests.faults.runs import begin_run, end_run, whole_run
from tests.faults.work import Job
from tests.small_corpus import CLS, MEAN, SmallCorpus, change_vectors, spoil
from tests.stores import ask, raw, write_texts

ROOT = Path(__file__).parents[2]
OTHER_DUCKDB = ROOT / ".venv" / "duckdb-other"
TYPES = {
    "string": pa.string(),
    "large": pa.large_string(),
    "view": pa.string_view(),
    "dictionary": pa.dictionary(pa.int32(), pa.string()),
    "large_dictionary": pa.dictionary(pa.int8(), pa.large_string()),
}


def test_case_22_texts_of_every_type_have_the_same_vectors_bit_by_bit(
    small: SmallCorpus, monkeypatch: pytest.MonkeyPatch
) -> None:
    # else a file would have the vectors of another
    monkeypatch.setattr(data.reuse.known_vectors, "LEARNT_ROWS", 0)
    texts = pa.array(["one sentence", None, "another sentence", "one sentence", ""])
    for name, kind in TYPES.items():
        write_texts(small.sources / f"{name}.parquet", texts.cast(kind))

    assert small.embed().is_complete
    assert small.num_forwarded == 2 * len(TYPES)  # each file's were made, and none was copied
    vectors = """
        SELECT d.row, count(*), count(DISTINCT v.vector), count(DISTINCT d.text_hash)
        FROM documents d JOIN splade_tiny_mean v USING (chunk, row) GROUP BY d.row ORDER BY d.row
    """
    assert small.ask(vectors) == [(row, len(TYPES), 1, 1) for row in (0, 2, 3)]
    rejects = "SELECT row, reason, count(DISTINCT file) FROM rejects GROUP BY ALL ORDER BY row"
    assert small.ask(rejects) == [(1, "null", len(TYPES)), (4, "empty", len(TYPES))]


SURROGATE = json.loads(r'"half \ud800 of a pair"').encode("utf-8", "surrogatepass")
HUGE = b"word " * 6_000_000  # 30 MB
ROWS = (
    (None, "null"), (b"", "empty"), (b" \t\n", "blank"), (b"caf\xe9", "invalid_utf8"),
    (SURROGATE, "invalid_utf8"), ("\u200b".encode(), "no_tokens"), (b"a\0b", None), (HUGE, None),
    (b"an ordinary one", None),
)  # fmt: skip


def test_case_23_each_strange_row_is_a_document_with_a_vector_or_a_reject_with_its_reason(
    small: SmallCorpus,
) -> None:
    write_texts(small.sources / "a.parquet", raw([text for text, _ in ROWS]))
    assert small.embed(chunk_bytes=1 << 28).is_complete
    found = small.ask("""
        SELECT row, NULL, truncated FROM splade_tiny_mean UNION ALL
        SELECT row, reason, NULL FROM rejects ORDER BY row
    """)
    assert found == [
        (row, reason, None if reason else text == HUGE) for row, (text, reason) in enumerate(ROWS)
    ]


def test_case_24_null_ids_are_places_and_doubled_ones_are_rows_of_their_own(
    make_job: Callable[..., Job],
) -> None:
    job = make_job(rows=0)
    corpus = job.corpus.model_copy(update={"id_column": "key"})
    store = LocalStore(job.store)

    def run(*texts: str) -> list[Any]:
        write_texts(job.sources / "a.parquet", texts, key=["7", None, "7", "7"])
        whole_run(store, corpus, *job.spaces)
        assert account(newest_catalog(store), job.sources, job.spaces[0]).is_good
        return ask(store, "SELECT doc_id FROM bert_mean ORDER BY row")

    assert run("one", "two", "three", "four") == ["7", "a.parquet#1", "7", "7"]
    assert run("one", "two", "3", "four") == ["7", "a.parquet#1", "7", "7"]
    assert ask(store, "SELECT change, doc_id, row FROM corpus_changes") == [("changed", "7", 2)]


SPOILT = {1: np.nan, 3: np.inf, 5: -np.inf, 7: 0.0}
TEXTS = [f"some words about the number {n}" for n in range(12)]
RANKED = """
    SELECT v.row, array_cosine_similarity(v.vector, q.vector) AS similarity
    FROM splade_tiny_cls v, splade_tiny_cls q WHERE q.row = {row} ORDER BY similarity DESC, v.row
"""
ASK = "import sys, pathlib, data; print(data.run_query(pathlib.Path(sys.argv[1]), sys.argv[2])[1])"


def ask_other_duckdb(catalog: Path, query: str) -> str:
    """What the other major version of DuckDB answers, as Python shows it."""
    return subprocess.run(
        [sys.executable, "-c", ASK, str(catalog), query],
        env={**os.environ, "PYTHONPATH": str(OTHER_DUCKDB)},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()


def test_case_25_what_sql_cannot_compare_is_rejected_and_never_tops_a_ranking(
    small: SmallCorpus, monkeypatch: pytest.MonkeyPatch
) -> None:
    small.write("a.parquet", TEXTS)
    spoil(small, monkeypatch, SPOILT, pooling=1)
    assert small.embed(poolings=(MEAN, CLS)).is_complete
    assert small.ask("SELECT space, row, reason FROM rejects ORDER BY row") == [
        ("splade_tiny_cls", row, "not_finite" if value else "zero_norm")
        for row, value in SPOILT.items()
    ]
    assert small.ask("SELECT count(*) FROM splade_tiny_mean") == [(12,)]

    catalog, query = small.store / "catalog.duckdb", RANKED.format(row=4)
    ranked = run_query(catalog, query)[1]
    assert ranked[0] == (4, pytest.approx(1.0))
    assert {row for row, _ in ranked} == set(range(12)) - SPOILT.keys()
    assert np.isfinite([similarity for _, similarity in ranked]).all()
    if OTHER_DUCKDB.exists():
        other = ask_other_duckdb(catalog, f"SELECT [row] FROM ({query})")
        assert other == str([([row],) for row, _ in ranked])


def test_case_25_vectors_of_another_width_stop_the_run_and_nothing_is_committed(
    small: SmallCorpus, monkeypatch: pytest.MonkeyPatch
) -> None:
    small.write("a.parquet", TEXTS)
    change_vectors(small, monkeypatch, lambda vectors: np.hstack([vectors, vectors]))
    work = small.plan()
    with pytest.raises(pa.ArrowTypeError, match=r"\[256\] output list: .*\[128\]"):
        small.step(work)
    assert not list(small.store.glob("datasets/*/*/*"))


@pytest.mark.parametrize("vector", [[np.nan, 1, 1], [np.inf, 1, 1], [0, 0, 0], [1, 1, 1, 1]])
def test_case_25_a_vector_that_was_committed_unchecked_is_not_sealed_and_the_catalog_stays(
    make_job: Callable[..., Job], vector: list[float]
) -> None:
    job = make_job(rows=10)
    store, mean = LocalStore(job.store), job.spaces[0]
    whole_run(store, job.corpus, mean)
    shown = newest_catalog(store)
    write_texts(job.sources / "b.parquet", ["another"])
    run = begin_run(store, job.corpus, mean)
    (owed,) = run.owes(store)
    (rows,) = read_all(run.plan, [owed.name])
    commit_tables(store, run.documents.name, rows, rows.documents)
    table = space_table(mean, rows.documents, [vector])
    commit_tables(store, resolve_dataset(store, mean).name, rows, table)

    with pytest.raises(InvariantBroken, match="1 vectors of wrong length or value"):
        end_run(store, run)
    assert newest_catalog(store) == shown


REJECTED = {"read": [None] * 30, "encode": ["\u200b"] * 30}


@pytest.mark.parametrize("stage", REJECTED)
def test_case_26_a_run_of_rejects_alone_is_no_success_and_another_column_is(
    small: SmallCorpus, stage: str
) -> None:
    small.write("a.parquet", REJECTED[stage], body=[f"text {n}" for n in range(30)])
    work = small.plan()
    receipts = small.step(work)
    problem = too_many_rejects(
        receipts,
        work.request.run.max_reject_share,
        has_more=False,
        count_all=partial(count_rejects, work.job),
    )
    summary = small.publish(work, receipts, problem or "none")
    assert not summary.is_complete
    assert "30 of 30 rows were rejected" in what_is_owed(summary)
    assert "is corpus.text_columns right?" in what_is_owed(summary)
    assert small.ask("SELECT state FROM runs") == [("incomplete",)]
    assert small.ask("SELECT stage, count(*) FROM rejects GROUP BY stage") == [(stage, 30)]

    assert small.embed(corpus={"text_columns": ("body",)}).is_complete
    assert small.ask("SELECT count(*) FROM splade_tiny_mean") == [(30,)]
    assert small.ask("FROM rejects") == []
