"""Before a seal: a row that is lost, doubled or strange stops it, and nothing is sealed."""

import errno
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from data import (
    REJECTS,
    ChunkRows,
    LocalStore,
    Plan,
    newest_seal,
    publish_catalog,
    read_record,
)
from data.checking.checks import InvariantBroken
from data.stores.store import DiskFull
from tests.commits import (
    commit_documents,
    commit_space,
    commit_tables,
    documents_of,
    read_all,
    space,
    space_table,
    vector_of,
)
from tests.stores import ask, corpus_of, list_corpus, seal, tiny_store, write_texts

SPACE = space("bert_mean", dimension=3)


@pytest.fixture
def store(tmp_path: Path) -> LocalStore:
    # the path looks like a Hive partition of the key column: it must not be taken for one
    return tiny_store(tmp_path / "row=7" / "chunk=x" / "it's {a} store")


@pytest.fixture
def plan(store: LocalStore, tmp_path: Path) -> Plan:
    write_texts(tmp_path / "texts" / "a.parquet", ["one", None, "two", "three"])
    return list_corpus(store, corpus_of(tmp_path / "texts"))


def rows_of(plan: Plan) -> ChunkRows:
    (rows,) = read_all(plan)
    return rows


def doubled(table: pa.Table) -> pa.Table:
    return pa.concat_tables([table, table.slice(0, 1)])


def renumbered(table: pa.Table) -> pa.Table:
    rows = pa.array([99, *table["row"].to_pylist()[1:]])
    return table.set_column(1, table.schema.field("row"), rows)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda table: table.slice(1), "1 rows lost"),
        (doubled, "1 rows doubled"),
        (renumbered, "1 rows lost, 1 rows not planned"),
    ],
)
def test_documents_that_do_not_add_up_are_not_sealed(
    store: LocalStore, plan: Plan, change: Callable[[pa.Table], pa.Table], said: str
) -> None:
    rows = rows_of(plan)
    name = documents_of(store, plan).name
    commit_tables(store, name, rows, change(rows.documents), rows.rejects)
    with pytest.raises(InvariantBroken, match=rf"dataset {name}: {said}\. Nothing was sealed"):
        seal(store, plan)
    assert newest_seal(store) is None


def test_a_row_that_is_kept_and_refused_is_doubled(store: LocalStore, plan: Plan) -> None:
    rows = rows_of(plan)
    both = pa.concat_tables([rows.rejects, _as_rejects(rows.documents.slice(0, 1))])
    commit_tables(store, documents_of(store, plan).name, rows, rows.documents, both)
    with pytest.raises(InvariantBroken, match="1 rows doubled"):
        seal(store, plan)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda table: table.slice(1), "1 documents without a vector"),
        (doubled, "1 rows doubled"),
        (renumbered, "1 documents without a vector, 1 vectors without a document"),
    ],
)
def test_vectors_that_do_not_add_up_are_not_sealed(
    store: LocalStore, plan: Plan, change: Callable[[pa.Table], pa.Table], said: str
) -> None:
    rows = rows_of(plan)
    commit_documents(store, plan)
    vectors = [vector_of(text) for text in rows.texts.to_pylist()]
    commit_tables(store, SPACE.name, rows, change(space_table(SPACE, rows.documents, vectors)))
    with pytest.raises(InvariantBroken, match=rf"dataset {SPACE.name}: {said}\. Nothing"):
        seal(store, plan, SPACE)


@pytest.mark.parametrize("vector", [[np.nan, 1, 1], [np.inf, 1, 1], [0, 0, 0]], ids=str)
def test_a_vector_that_means_nothing_is_not_sealed(
    store: LocalStore, plan: Plan, vector: list[float]
) -> None:
    rows = rows_of(plan)
    vectors = [[1, 1, 1], vector, [1, 1, 1]]
    commit_documents(store, plan)
    commit_tables(store, SPACE.name, rows, space_table(SPACE, rows.documents, vectors))
    with pytest.raises(InvariantBroken, match="1 vectors of wrong length or value"):
        seal(store, plan, SPACE)
    assert newest_seal(store) is None


def test_vectors_of_another_length_are_not_sealed(store: LocalStore, plan: Plan) -> None:
    rows = rows_of(plan)
    commit_documents(store, plan)
    commit_tables(store, SPACE.name, rows, space_table(SPACE, rows.documents, np.ones((3, 4))))
    with pytest.raises(InvariantBroken, match="3 vectors of wrong length or value"):
        seal(store, plan, SPACE)


def test_the_longest_and_shortest_vectors_are_sealed(store: LocalStore, plan: Plan) -> None:
    rows = rows_of(plan)
    commit_documents(store, plan)
    vectors = [[1e18, 0, 0], [1e-18, 0, 0], [0, -1e-18, 0]]
    commit_tables(store, SPACE.name, rows, space_table(SPACE, rows.documents, vectors))
    assert seal(store, plan, SPACE).corpus.owed == {}


def test_texts_that_a_space_refused_are_accounted_for(store: LocalStore, plan: Plan) -> None:
    commit_documents(store, plan)
    commit_space(store, plan, SPACE, refused={"two"})
    seal(store, plan, SPACE)
    publish_catalog(store)
    assert ask(store, "SELECT vectors, rejected FROM spaces") == [(2, 1)]
    query = "SELECT space, row, reason FROM rejects ORDER BY row"
    assert ask(store, query) == [(None, 1, "null"), ("bert_mean", 2, "no_tokens")]


def test_a_space_whose_documents_are_gone_is_not_sealed(store: LocalStore, plan: Plan) -> None:
    commit_space(store, plan, SPACE)
    with pytest.raises(InvariantBroken, match="3 vectors without a document"):
        seal(store, plan, SPACE)


@pytest.mark.parametrize("damage", [Path.unlink, lambda path: path.write_bytes(b"PAR1")])
def test_a_part_that_cannot_be_read_is_not_sealed(
    store: LocalStore, plan: Plan, damage: Callable[[Path], object]
) -> None:
    commit_documents(store, plan)
    name = documents_of(store, plan).name
    part = read_record(store, name, plan.chunks[0].name).part
    assert part is not None
    damage(Path(store.location(part.key)))
    with pytest.raises(
        InvariantBroken, match=rf"dataset {name}: a part cannot be read .*{part.key}"
    ):
        seal(store, plan)


def test_chunks_that_were_sealed_before_are_not_read_again(store: LocalStore, plan: Plan) -> None:
    commit_documents(store, plan)
    seal(store, plan)
    for part in (store.root / "datasets" / documents_of(store, plan).name / "parts").iterdir():
        part.unlink()
    seal(store, plan, SPACE)
    assert store.list("seals") == ["1.json", "2.json"]


def test_a_full_disk_seals_nothing(
    store: LocalStore, plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit_documents(store, plan)

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("os.fsync", full)
        with pytest.raises(DiskFull):
            seal(store, plan)
    assert newest_seal(store) is None
    assert seal(store, plan).seal.number == 1


def _as_rejects(documents: pa.Table) -> pa.Table:
    columns = {name: documents[name] for name in ("chunk", "row", "doc_id", "text_hash")}
    columns |= {"stage": ["read"], "reason": ["null"], "detail": [None]}
    return pa.table(columns, schema=REJECTS)
