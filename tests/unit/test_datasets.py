"""Datasets and their records: the first commit wins, and a dataset is found by what it is."""

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from data import (
    ChunkRows,
    Dataset,
    DocumentsLineage,
    LocalStore,
    StoreError,
    commit,
    committed_chunks,
    fingerprint,
    load_dataset,
    publish_catalog,
    read_record,
    resolve_dataset,
    slug,
    write_part,
)
from data.records.datasets import DamagedRecord
from data.stores.store import read_bytes
from tests.commits import commit_tables, read_all, space
from tests.stores import corpus_of, embed, list_corpus, tiny_store, write_texts


@pytest.fixture
def store(tmp_path: Path) -> LocalStore:
    return tiny_store(tmp_path / "store")


@pytest.fixture
def rows(store: LocalStore, tmp_path: Path) -> ChunkRows:
    write_texts(tmp_path / "texts" / "a.parquet", ["one", None, "two"])
    (rows,) = read_all(list_corpus(store, corpus_of(tmp_path / "texts")))
    return rows


def commit_rows(store: LocalStore, rows: ChunkRows, attempt: str) -> str:
    """Commit the documents of a chunk under this attempt; the attempt that is in force."""
    return commit_tables(store, "notes", rows, rows.documents, rows.rejects, attempt).attempt


def parts(store: LocalStore) -> list[str]:
    return store.list("datasets/notes/parts")


def test_the_first_commit_wins_and_the_loser_removes_only_its_own_parts(
    store: LocalStore, rows: ChunkRows
) -> None:
    assert commit_rows(store, rows, "first") == "first"
    winners = parts(store)
    assert commit_rows(store, rows, "second") == "first"
    assert parts(store) == winners
    assert len(winners) == 2


def test_an_attempt_whose_answer_was_lost_finds_that_it_has_won(
    store: LocalStore, rows: ChunkRows
) -> None:
    record = commit_tables(store, "notes", rows, rows.documents, rows.rejects, "first")
    assert commit(store, record) == record
    assert len(parts(store)) == 2


def test_a_record_says_what_its_parts_hold(store: LocalStore, rows: ChunkRows) -> None:
    commit_rows(store, rows, "first")
    record = read_record(store, "notes", rows.chunk.name)
    assert (record.rows_in, record.rows, record.rejected) == (3, 2, 1)
    assert record.part is not None
    assert record.part.size_bytes == Path(store.location(record.part.key)).stat().st_size
    assert committed_chunks(store, "notes") == {rows.chunk.name}


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: text[: len(text) // 2],
        lambda _: "",
        lambda _: "\x00" * 80,
        lambda text: text.replace('"rows": 2', '"rows": 3'),
    ],
    ids=["cut off", "empty", "zeros", "counts"],
)
def test_a_damaged_record_is_named(store: LocalStore, rows: ChunkRows, damage: object) -> None:
    assert callable(damage)
    commit_rows(store, rows, "first")
    key = f"datasets/notes/commits/{rows.chunk.name}.json"
    path = Path(store.location(key))
    path.write_text(damage(path.read_text()))
    with pytest.raises(DamagedRecord, match=rf"{key} is damaged .*Remove it and run again"):
        read_record(store, "notes", rows.chunk.name)


def test_a_record_cannot_point_out_of_the_store(store: LocalStore, tmp_path: Path) -> None:
    write_texts(tmp_path / "texts" / "a.parquet", ["one"])
    plan = embed(store, corpus_of(tmp_path / "texts"))
    (dataset,) = store.list("datasets")
    path = Path(store.location(f"datasets/{dataset}/commits/{plan.chunks[0].name}.json"))
    record = json.loads(path.read_text())
    record["part"]["key"] = "../texts/a.parquet"
    path.write_text(json.dumps(record))
    with pytest.raises(StoreError, match="points outside the store"):
        publish_catalog(store)


def test_the_same_part_is_the_same_bytes(store: LocalStore, rows: ChunkRows) -> None:
    for key in ("x.parquet", "y.parquet"):
        with write_part(store, key, rows.documents.schema) as part:
            part.append(rows.documents)
    assert read_bytes(store, "x.parquet") == read_bytes(store, "y.parquet")


# what a dataset is --------------------------------------------------------------------------------


def test_a_dataset_is_registered_once(store: LocalStore) -> None:
    first, second = (resolve_dataset(store, space("bert_mean")) for _ in range(2))
    assert first == second == load_dataset(store, first.name)
    assert store.list("datasets") == [first.name]


def test_a_model_under_another_name_finds_its_dataset(store: LocalStore) -> None:
    first = resolve_dataset(store, space("bert_mean", model="/models/bert"))
    moved = resolve_dataset(store, space("moved_mean", model="/elsewhere/moved"))
    assert moved.name == first.name
    assert moved.provenance == first.provenance


def test_one_dataset_under_two_names_at_once_has_one_folder(store: LocalStore) -> None:
    start = threading.Barrier(8)

    def register(number: int) -> str:
        start.wait()
        return resolve_dataset(store, space(f"copy_{number % 2}_mean")).name

    with ThreadPoolExecutor(8) as pool:
        names = set(pool.map(register, range(8)))
    assert set(store.list("datasets")) == names
    assert len(names) == 1


def test_a_registration_that_was_killed_halfway_is_completed(store: LocalStore) -> None:
    first = resolve_dataset(store, space("bert_mean"))
    store.delete(f"datasets/{first.name}/lineage.json")
    assert resolve_dataset(store, space("moved_mean")) == first


def test_another_encoder_or_pooling_is_another_dataset(store: LocalStore) -> None:
    spaces = [space("a_mean"), space("a_cls"), space("a_mean", encoder="other")]
    assert len({resolve_dataset(store, each).name for each in spaces}) == 3


def test_two_datasets_never_share_a_folder(store: LocalStore) -> None:
    dataset = space("bert_mean")
    other = dataset.model_copy(update={"lineage": DocumentsLineage(corpus="notes")})
    key = f"datasets/{dataset.name}/lineage.json"
    store.create(key, other.model_dump_json().encode())
    with pytest.raises(StoreError, match=rf"{key} describes another dataset"):
        resolve_dataset(store, dataset)


def test_the_slug_has_no_part_in_what_a_dataset_is() -> None:
    one, other = (Dataset(slug=s, lineage=DocumentsLineage(corpus="c")) for s in ("a", "b"))
    assert one.fingerprint == other.fingerprint == fingerprint(one.lineage)
    assert one.name == f"a-{one.fingerprint[:8]}"


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("all-MiniLM-L6-v2_mean", "all_minilm_l6_v2_mean"),
        ("  Deep/Model (1)", "deep_model_1"),
        ("7b", "n7b"),
        ("\u65e5\u672c", "unnamed"),
        ('"; DROP TABLE x', "drop_table_x"),
    ],
)
def test_a_slug_needs_no_quotes_in_sql(text: str, name: str) -> None:
    assert slug(text) == name
