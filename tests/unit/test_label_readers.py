"""Labels, votes and reviews under either major version of DuckDB, whoever built the catalog."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from data import AuditDraw, LocalStore, RunRecord, promote, publish_catalog, save_run
from data.catalog.label_comments import LABEL_TABLES
from data.catalog.label_view_comments import LABEL_VIEWS
from tests.labels import MOMENT, keep_ensemble, keep_labeler, label
from tests.stores import ask, corpus_of, embed, tiny_store, write_texts

ROOT = Path(__file__).parents[2]
OTHER_DUCKDB = ROOT / ".venv" / "duckdb-other"
SAYS = {"one": [0.9, 0.1, 0.0], "two": [0.0, 0.6, 0.4]}
OTHERS = {"one": [0.0, 0.4, 0.6], "two": [0.0, 0.5, 0.5]}
COMMANDS = """
import json, sys
from pathlib import Path
import duckdb
from data import open_existing_store, publish_catalog, run_query
verb, path, *views = sys.argv[1:]
if verb == "publish":
    publish_catalog(open_existing_store(path))
else:
    catalog = Path(path) / "catalog.duckdb"
    rows = {view: str(run_query(catalog, f"FROM {view} ORDER BY ALL")[1]) for view in views}
    print(json.dumps([duckdb.__version__.split(".")[0], rows]))
"""


@pytest.fixture
def store(tmp_path: Path) -> LocalStore:
    """Two labelers of which one was put in the other's place, an ensemble, and an audit sample."""
    store = tiny_store(tmp_path / "store")
    write_texts(tmp_path / "texts" / "a.parquet", list(SAYS))
    plan = embed(store, corpus_of(tmp_path / "texts"))
    old, new = (keep_labeler(store, "topic", seed) for seed in (0, 1))
    promote(store, old)
    label(store, plan, {old: SAYS})
    promote(store, new)
    promote(store, keep_ensemble(store, old))
    label(store, plan, {new: OTHERS})
    (text_hash,) = ask(store, "SELECT text_hash FROM labels WHERE row = 1 LIMIT 1")
    drawn = AuditDraw(
        chunk=plan.chunks[0].name, row=1, doc_id="d", text_hash=text_hash.hex(), labeler="topic",
        version=new, labels=("news",), is_auto=False,
    )  # fmt: skip
    record = RunRecord(
        run="r", state="completed", corpus="notes", plan="p", spaces=(), started_at=MOMENT,
        ended_at=MOMENT, asked={}, audit=(drawn,),
    )  # fmt: skip
    save_run(store, record)
    publish_catalog(store)
    return store


def under_other_duckdb(*words: str) -> str:
    return subprocess.run(
        [sys.executable, "-c", COMMANDS, *words],
        env={**os.environ, "PYTHONPATH": str(OTHER_DUCKDB)},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout


@pytest.mark.skipif(not OTHER_DUCKDB.exists(), reason="make setup installs a second DuckDB")
def test_both_majors_of_duckdb_show_the_same_labels(store: LocalStore) -> None:
    names = sorted({*LABEL_TABLES, *LABEL_VIEWS})
    expected = {name: str(ask_rows(store, name)) for name in names}
    filled = {name for name, rows in expected.items() if rows != "[]"}
    assert filled >= {"ballots", "disagreement", "label_changes", "review", "votes_soft", "audit"}
    assert json.loads(under_other_duckdb("read", str(store.root), *names)) == ["2", expected]

    under_other_duckdb("publish", str(store.root))

    assert json.loads(under_other_duckdb("read", str(store.root), *names)) == ["2", expected]
    assert {name: str(ask_rows(store, name)) for name in names} == expected


def ask_rows(store: LocalStore, name: str) -> list[object]:
    return ask(store, f"FROM {name} ORDER BY ALL")
