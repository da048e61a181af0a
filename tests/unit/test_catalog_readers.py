"""Who reads a catalog while it is published anew, and with which DuckDB."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import duckdb
import pytest

from data import (
    CATALOG,
    LocalStore,
    StoreError,
    nearest_documents,
    newest_catalog,
    publish_catalog,
    space_datasets,
)
from tests.commits import space, vector_of
from tests.stores import ask, corpus_of, embed, files_below, tiny_store, write_texts

ROOT = Path(__file__).parents[2]
OTHER_DUCKDB = ROOT / ".venv" / "duckdb-other"
MEAN, CLS = space("bert_mean"), space("bert_cls")


@pytest.fixture
def store(tmp_path: Path) -> LocalStore:
    return tiny_store(tmp_path / "store")


@pytest.fixture
def texts(tmp_path: Path) -> Path:
    write_texts(tmp_path / "texts" / "a.parquet", ["one", None, "two"], label=["x", "y", "z"])
    return tmp_path / "texts"


def test_a_reader_keeps_its_rows_and_the_next_one_sees_the_new_catalog(
    store: LocalStore, texts: Path
) -> None:
    embed(store, corpus_of(texts), MEAN)
    path = str(store.root / CATALOG)
    with duckdb.connect(path, read_only=True) as reader:
        write_texts(texts / "b.parquet", ["three"])
        embed(store, corpus_of(texts), MEAN)
        assert reader.execute("SELECT count(*) FROM documents").fetchall() == [(2,)]
        with duckdb.connect(path, read_only=True) as second:
            assert second.execute("SELECT count(*) FROM documents").fetchall() == [(3,)]
        assert len(ask(store, "SELECT row FROM documents")) == 3


def test_a_lost_catalog_is_built_again(store: LocalStore, texts: Path) -> None:
    embed(store, corpus_of(texts), MEAN)
    before = ask(store, "FROM documents")
    for path in (store.root / "catalog").iterdir():
        path.unlink()
    assert newest_catalog(store) is None
    assert publish_catalog(store) == store.root / CATALOG
    assert ask(store, "FROM documents") == before


def test_publishing_leaves_a_few_whole_catalogs_and_nothing_else(
    store: LocalStore, texts: Path
) -> None:
    for number in range(5):
        write_texts(texts / f"{number}.parquet", ["more"])
        embed(store, corpus_of(texts))
    names = files_below(store.root / "catalog")
    assert sorted(name[0] for name in names) == ["3", "4", "5"]
    assert all(name.endswith(".duckdb") for name in names)
    assert not [name for name in files_below(store.root) if name.startswith(".")]
    link = store.root / CATALOG
    assert not link.readlink().is_absolute()


def test_a_catalog_in_use_is_never_removed(store: LocalStore, texts: Path) -> None:
    embed(store, corpus_of(texts))
    slow = newest_catalog(store)
    assert slow is not None
    os.utime(slow, (0, 0))
    for _ in range(4):
        publish_catalog(store)
    assert newest_catalog(store) is not None
    assert ask(store, "SELECT count(*) FROM documents") == [2]


def test_what_a_killed_builder_left_is_removed_after_a_day(store: LocalStore, texts: Path) -> None:
    folder = store.root / "catalog"
    for name in ("old.building", "old.building.wal", "young.building", "old.spill/x"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("half")
    for name in ("old.building", "old.building.wal", "old.spill"):
        os.utime(folder / name, (0, 0))
    embed(store, corpus_of(texts))
    assert {name for name in files_below(folder) if not name.endswith(".duckdb")} == {
        "young.building"
    }


def test_publishers_at_once_leave_the_catalog_of_the_highest_seal(
    store: LocalStore, tmp_path: Path
) -> None:
    def run(number: int) -> None:
        write_texts(tmp_path / f"{number}" / "a.parquet", [f"text {number}"])
        embed(store, corpus_of(tmp_path / f"{number}", f"c{number}"))

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(run, range(6)))
    assert len(store.list("seals")) == 6
    assert ask(store, "SELECT count(DISTINCT corpus) FROM documents") == [6]
    catalog = newest_catalog(store)
    assert catalog is not None
    assert catalog.name.startswith("6-")


COMMANDS = """
import sys; from pathlib import Path; import duckdb
from data import open_existing_store, publish_catalog, run_query
if sys.argv[1] == "publish":
    publish_catalog(open_existing_store(sys.argv[2]))
else:
    path = Path(sys.argv[2]) / "catalog.duckdb"
    query = "SELECT any_value(vector)::TEXT, count(*) FROM bert_mean JOIN documents USING (chunk)"
    print(duckdb.__version__.split(".")[0], run_query(path, query)[1])
"""


def other_duckdb(verb: str, store: LocalStore) -> str:
    """What this module's commands say under the other major version of DuckDB."""
    return subprocess.run(
        [sys.executable, "-c", COMMANDS, verb, str(store.root)],
        env={**os.environ, "PYTHONPATH": str(OTHER_DUCKDB)},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()


@pytest.mark.skipif(not OTHER_DUCKDB.exists(), reason="make setup installs a second DuckDB")
def test_both_majors_of_duckdb_read_what_either_built(store: LocalStore, texts: Path) -> None:
    assert duckdb.__version__.startswith("1.")
    write_texts(texts / "a.parquet", ["one"])
    embed(store, corpus_of(texts), MEAN)
    expected = f"2 [('{vector_of('one')}', 1)]"
    assert other_duckdb("read", store) == expected
    other_duckdb("publish", store)
    assert other_duckdb("read", store) == expected
    assert ask(store, "SELECT vector::TEXT FROM bert_mean") == [str(vector_of("one"))]


def test_the_nearest_documents_come_first(store: LocalStore, texts: Path) -> None:
    embed(store, corpus_of(texts, carry_columns=["label"]), MEAN, CLS)
    catalog = newest_catalog(store)
    assert catalog is not None
    assert list(space_datasets(catalog)) == ["bert_mean", "bert_cls"]
    found = nearest_documents(catalog, "bert_mean", vector_of("two"), top=5)
    assert found["label"].to_list() == ["z", "x"]
    assert found["similarity"][0] == pytest.approx(1.0)


def test_a_moved_store_is_named_and_published_again(
    store: LocalStore, texts: Path, tmp_path: Path
) -> None:
    embed(store, corpus_of(texts), MEAN)
    moved = LocalStore(store.root.rename(tmp_path / "moved"))
    catalog = newest_catalog(moved)
    assert catalog is not None
    with pytest.raises(StoreError, match=r"If the store was moved.*python -m flows\.publish"):
        nearest_documents(catalog, "bert_mean", vector_of("two"), top=1)
    publish_catalog(moved)
    assert len(ask(moved, "SELECT vector FROM bert_mean")) == 2
