"""What DuckDB meets while it checks: a damaged part is blamed, memory and disk are not."""

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import duckdb
import pytest

from data import LocalStore, Plan, read_record
from data.checking import checks
from data.checking.checks import InvariantBroken
from data.sql import bounded_memory
from data.stores.store import DiskFull
from tests.commits import commit_documents, documents_of
from tests.stores import corpus_of, files_below, list_corpus, seal, tiny_store, write_texts

MANY_GROUPS = "SELECT count(*) FROM (SELECT i FROM range(5_000_000) t(i) GROUP BY ALL)"


@pytest.fixture
def store(tmp_path: Path) -> LocalStore:
    return tiny_store(tmp_path / "store")


@pytest.fixture
def plan(store: LocalStore, tmp_path: Path) -> Plan:
    """Four chunks whose documents are committed."""
    write_texts(tmp_path / "texts" / "a.parquet", [f"text {n}" for n in range(400)])
    plan = list_corpus(store, corpus_of(tmp_path / "texts"), chunk_rows=100)
    commit_documents(store, plan)
    return plan


def break_footer(path: Path) -> None:
    content = path.read_bytes()
    length = int.from_bytes(content[-8:-4], "little")
    path.write_bytes(content[: -8 - length] + b"\xff" * length + content[-8:])


def break_pages(path: Path) -> None:
    path.write_bytes(b"PAR1" + b"\xff" * 100 + path.read_bytes()[104:])


@pytest.mark.parametrize("damage", [break_footer, break_pages])
def test_a_damaged_part_is_blamed_whatever_duckdb_calls_it(
    store: LocalStore, plan: Plan, damage: Callable[[Path], None]
) -> None:
    part = read_record(store, documents_of(store, plan).name, plan.chunks[0].name).part
    assert part is not None
    damage(Path(store.location(part.key)))
    with pytest.raises(InvariantBroken, match=r"(?s)a part cannot be read .*python -m data repair"):
        seal(store, plan)


def test_too_little_memory_is_no_damaged_part(
    store: LocalStore, plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checks, "_MEMORY", "1MB")
    with pytest.raises(duckdb.OutOfMemoryException):
        seal(store, plan)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 4 MB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(disk)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("only root can make a small disk")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


def test_a_full_disk_is_said_to_be_full(small_disk: Path) -> None:
    store = tiny_store(small_disk / "store")
    with (
        pytest.raises(DiskFull, match="Free some space"),
        bounded_memory(store, "50MB") as spilling,
    ):
        spilling.execute(MANY_GROUPS).fetchall()
    assert files_below(store.root) == {"store.json"}


def test_the_plan_is_loaded_as_often_for_many_checks_as_for_one(
    store: LocalStore, plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded = []
    load_plan = checks.load_plan
    monkeypatch.setattr(checks, "_CHUNKS_A_CHECK", 1)
    monkeypatch.setattr(checks, "load_plan", lambda *a: loaded.append(a) or load_plan(*a))
    seal(store, plan)
    assert len(loaded) == 1
