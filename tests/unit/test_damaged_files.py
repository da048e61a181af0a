"""Source files that cannot be read: named with their reason, while the others go on."""

import os
import shutil
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from data import ChunkFailure, Plan, load_plan, make_plan, read_chunks, save_plan
from tests.commits import read_all
from tests.damages import CHECKED, DAMAGES, LONG, encrypt, flip
from tests.stores import corpus_of, tiny_store, write_texts


def plan_of(path: Path, **spec: Any) -> Plan:
    return make_plan(corpus_of(path, **spec), chunk_rows=1_000, chunk_bytes=1 << 25)


@pytest.fixture(params=DAMAGES, name="damaged")
def _damaged(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Path, str]:
    # in a folder whose name must not be taken for the reason
    path = tmp_path / "crypt magic bytes" / "bad.parquet"
    path.parent.mkdir()
    pq.write_table(pa.table({"text": LONG}), path, **CHECKED)
    damage, reason = DAMAGES[request.param]
    damage(path)
    return path, reason


def test_a_bad_file_alone_is_an_error_that_names_it(damaged: tuple[Path, str]) -> None:
    path, reason = damaged
    with pytest.raises(ValueError, match=rf"none of the 1 files(.|\n)*bad\.parquet: .*{reason}"):
        plan_of(path.parent)


def test_a_bad_file_is_named_and_the_others_are_planned(damaged: tuple[Path, str]) -> None:
    path, _ = damaged
    write_texts(path.with_name("good.parquet"), ["one", "two"])
    plan = plan_of(path.parent)
    assert [file.path for file in plan.unreadable] == ["bad.parquet"]
    assert [rows.texts.to_pylist() for rows in read_all(plan)] == [["one", "two"]]


def test_an_encrypted_column_that_nobody_named_does_not_matter(tmp_path: Path) -> None:
    path = write_texts(tmp_path / "a.parquet", ["one"], secret=["x"])
    encrypt(path, plaintext_footer=True, column="secret")
    (rows,) = read_all(plan_of(path))
    assert rows.texts.to_pylist() == ["one"]


def test_a_file_that_is_not_there_is_called_gone(tmp_path: Path) -> None:
    (tmp_path / "encrypted.parquet").symlink_to(tmp_path / "nowhere")
    write_texts(tmp_path / "good.parquet", ["one"])
    assert [file.reason for file in plan_of(tmp_path).unreadable] == ["it is gone"]


@pytest.mark.parametrize("name", [b"caf\xe9.parquet", b"caf\xe9/a.parquet"])
def test_a_name_that_is_not_utf8_is_said_and_the_others_are_planned(
    tmp_path: Path, name: bytes
) -> None:
    good = write_texts(tmp_path / "caf\u00e9.parquet", ["one"])
    bad = tmp_path / os.fsdecode(name)
    bad.parent.mkdir(exist_ok=True)
    shutil.copy(good, bad)
    (bad.parent / os.fsdecode(b"\xff.txt")).write_text("passed over")
    store = tiny_store(tmp_path / "store")
    plan = plan_of(tmp_path)
    save_plan(store, plan)
    assert load_plan(store, plan.name) == plan
    assert [file.path for file in plan.files] == ["caf\u00e9.parquet"]
    assert [(file.path, file.reason) for file in plan.unreadable] == [
        (name.decode("ascii", "surrogateescape").replace("\udce9", r"\udce9"),
         "its name is not UTF-8. Rename it")
    ]  # fmt: skip


def test_files_without_rows_do_not_disturb_the_others(tmp_path: Path) -> None:
    write_texts(tmp_path / "none.parquet", pa.array([], pa.string()))
    with pq.ParquetWriter(tmp_path / "no-groups.parquet", pa.schema([("text", pa.string())])):
        pass
    assert pq.read_metadata(tmp_path / "no-groups.parquet").num_row_groups == 0
    write_texts(tmp_path / "some.parquet", ["one"])
    plan = plan_of(tmp_path)
    assert plan.unreadable == ()
    assert [chunk.path for chunk in plan.chunks] == ["some.parquet"]


def test_a_corpus_without_any_row_is_an_error(tmp_path: Path) -> None:
    write_texts(tmp_path / "none.parquet", pa.array([], pa.string()))
    with pytest.raises(ValueError, match=r"the 1 files at .* hold no rows"):
        plan_of(tmp_path)


def test_a_page_that_is_damaged_later_fails_its_chunks_alone(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"text": LONG}), path, row_group_size=1_000, **CHECKED)
    flip(path, path.stat().st_size // 2 + 20_000)  # in the second row group
    plan = plan_of(path)
    first, second = read_chunks(plan, plan.chunks)
    assert not isinstance(first, ChunkFailure)
    assert isinstance(second, ChunkFailure)
    assert "a.parquet rows 1000-1999: it is damaged" in second.reason


def test_a_file_replaced_after_listing_is_not_read_as_planned(tmp_path: Path) -> None:
    path = write_texts(tmp_path / "a.parquet", ["one"])
    plan = plan_of(path)
    write_texts(path, ["two"])
    (failure,) = read_chunks(plan, plan.chunks)
    assert isinstance(failure, ChunkFailure)
    assert "a.parquet rows 0-0: the file was replaced or changed" in failure.reason


def test_a_file_removed_after_listing_fails_its_chunk(tmp_path: Path) -> None:
    write_texts(tmp_path / "texts" / "a.parquet", ["one"])
    plan = plan_of(tmp_path / "texts")
    shutil.rmtree(tmp_path / "texts")
    (failure,) = read_chunks(plan, plan.chunks)
    assert isinstance(failure, ChunkFailure)
    assert "a.parquet" in failure.reason
