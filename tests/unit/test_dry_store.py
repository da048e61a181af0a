"""A store that is only looked at: it answers as if it had been written to, and never is."""

from io import UnsupportedOperation
from pathlib import Path

import pytest

from data import StoreError, StoreSpec, look_into_store, open_store
from data.stores.store import STORE_JSON, StoreNotWritable, read_bytes
from tests.stores import files_below


def test_what_is_created_is_found_again_and_not_on_disk(tmp_path: Path) -> None:
    store = look_into_store(StoreSpec(path=str(tmp_path / "none")))

    assert store.create("plans/a.json", b"first")
    assert not store.create("plans/a.json", b"second")
    assert read_bytes(store, "plans/a.json") == b"first"
    assert store.list("plans") == ["a.json"]
    assert not (tmp_path / "none").exists()


def test_the_files_of_the_store_are_there_and_stay(tmp_path: Path) -> None:
    stored = open_store(StoreSpec(path=str(tmp_path)))
    stored.create("plans/b.json", b"stored")
    before = files_below(tmp_path)
    store = look_into_store(StoreSpec(path=str(tmp_path)))

    assert not store.create("plans/b.json", b"other")
    store.create("plans/a.json", b"new")
    store.delete("plans/b.json")

    assert store.list("plans") == ["a.json", "b.json"]
    assert read_bytes(store, "plans/b.json") == b"stored"
    assert files_below(tmp_path) == before


def test_what_was_created_can_be_taken_back(tmp_path: Path) -> None:
    store = look_into_store(StoreSpec(path=str(tmp_path)))
    store.create("plans/a.json", b"new")
    store.delete("plans/a.json")

    assert store.list("plans") == []
    with pytest.raises(FileNotFoundError):
        store.read("plans/a.json")


def test_parts_are_refused(tmp_path: Path) -> None:
    store = look_into_store(StoreSpec(path=str(tmp_path)))

    with pytest.raises(UnsupportedOperation, match="only looked at"):
        store.write("datasets/a/parts/b.parquet")


def test_what_can_be_no_store_is_refused_as_it_is_when_opened(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreNotWritable, match="is a file"):
        look_into_store(StoreSpec(path=str(tmp_path / "file")))
    (tmp_path / STORE_JSON).write_text('{"format": 99}')
    with pytest.raises(StoreError, match="has format 99"):
        look_into_store(StoreSpec(path=str(tmp_path)))
