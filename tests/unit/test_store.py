"""The store on local disk, and the doors to it: clear words when it cannot be one."""

import errno
import os
import subprocess
from pathlib import Path
from typing import Any, NoReturn

import pytest
from pydantic import ValidationError

from data import LocalStore, StoreError, StoreSpec, open_existing_store, open_store
from data.stores.store import DiskFull, StoreNotWritable
from tests.stores import files_below, tiny_store


@pytest.fixture
def store(tmp_path: Path) -> LocalStore:
    return tiny_store(tmp_path / "store")


def failing(number: int) -> Any:
    def fail(*_: Any, **__: Any) -> NoReturn:
        raise OSError(number, os.strerror(number))

    return fail


# doors --------------------------------------------------------------------------------------------


def test_an_opened_store_holds_its_format_and_nothing_else(store: LocalStore) -> None:
    assert files_below(store.root) == {"store.json"}
    assert open_existing_store(str(store.root)).root == store.root
    assert open_store(StoreSpec(path=str(store.root))).root == store.root


def test_another_format_version_is_refused(store: LocalStore) -> None:
    (store.root / "store.json").write_text('{"format": 99}')
    for door in (tiny_store, lambda root: open_existing_store(str(root))):
        with pytest.raises(StoreError, match="has format 99; this Poolhouse reads 1"):
            door(store.root)


@pytest.mark.parametrize("content", ["", "{}", "not JSON", '{"format": "x"}'])
def test_a_strange_store_json_is_refused(store: LocalStore, content: str) -> None:
    (store.root / "store.json").write_text(content)
    with pytest.raises(StoreError, match=r"store\.json is not a Poolhouse store's"):
        open_existing_store(str(store.root))


def test_a_folder_that_is_no_store_is_not_read_as_one(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="no Poolhouse store at"):
        open_existing_store(str(tmp_path))
    assert files_below(tmp_path) == set()


def test_a_file_is_no_store(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(StoreNotWritable, match=r"is a file\. Give a folder"):
        tiny_store(tmp_path / "file")
    with pytest.raises(StoreNotWritable, match=r"cannot be written.*store\.path"):
        tiny_store(tmp_path / "file" / "store")


@pytest.mark.parametrize("letter", ["?", "*", "["])
def test_a_path_that_duckdb_cannot_open_is_refused(store: LocalStore, letter: str) -> None:
    moved = store.root.rename(store.root.with_name(f"what{letter}"))
    for door in (tiny_store, lambda root: open_existing_store(str(root))):
        with pytest.raises(StoreNotWritable, match=rf"has a '\{letter}' in its path"):
            door(moved)


@pytest.mark.parametrize("path", ["gs://bucket/store", "memory://x", "", " "])
def test_only_folders_are_taken(path: str) -> None:
    with pytest.raises(ValidationError, match="Give a folder"):
        StoreSpec(path=path)


# what a disk can say ------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [errno.EPERM, errno.ENOTSUP, errno.ENOSYS, errno.EMLINK])
def test_a_file_system_without_hard_links_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    monkeypatch.setattr(os, "link", failing(number))
    with pytest.raises(StoreNotWritable, match=r"needs hard links and fsync.*local disk"):
        tiny_store(tmp_path / "store")
    assert files_below(tmp_path / "store") == set()


def test_a_file_system_whose_links_overwrite_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "link", os.replace)
    with pytest.raises(StoreNotWritable, match="lets two writers create one file"):
        tiny_store(tmp_path / "store")


@pytest.mark.parametrize("number", [errno.EACCES, errno.EROFS])
def test_a_disk_that_may_not_be_written_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    monkeypatch.setattr(os, "link", failing(number))
    with pytest.raises(StoreNotWritable, match=r"cannot be written.*store\.path"):
        tiny_store(tmp_path / "store")


@pytest.mark.skipif(os.getuid() != 0, reason="only root can set a file's attributes")
def test_an_unchangeable_folder_is_refused_even_for_root(tmp_path: Path) -> None:
    folder = tmp_path / "store"
    folder.mkdir()
    if subprocess.run(["chattr", "+i", str(folder)], capture_output=True, check=False).returncode:
        pytest.skip("this file system has no attributes")
    try:
        with pytest.raises(StoreNotWritable):
            tiny_store(folder)
    finally:
        subprocess.run(["chattr", "-i", str(folder)], check=True)


@pytest.mark.skipif(os.getuid() == 0, reason="root may write everywhere")
def test_a_folder_without_write_permission_is_refused(tmp_path: Path) -> None:
    (tmp_path / "store").mkdir(mode=0o555)
    with pytest.raises(StoreNotWritable, match="cannot be written"):
        tiny_store(tmp_path / "store")


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_is_named_and_leaves_nothing(
    store: LocalStore, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    monkeypatch.setattr(os, "fsync", failing(number))
    with pytest.raises(DiskFull, match="what is committed stays"):
        store.create("seals/1.json", b"x")
    with pytest.raises(DiskFull), store.write("a.parquet") as file:
        file.write(b"x")
    assert files_below(store.root) == {"store.json"}


def test_what_goes_wrong_with_other_files_is_not_blamed_on_the_store(store: LocalStore) -> None:
    with pytest.raises(PermissionError), store.write("a.parquet"):
        raise PermissionError(errno.EACCES, "a model's weights", "model.safetensors")
    assert files_below(store.root) == {"store.json"}
