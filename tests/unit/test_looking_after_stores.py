"""`python -m data`: what a person types, what is said, and the exit code that a script sees."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import pytest

import data.__main__ as command_line
from data import LocalStore, promote
from data.stores.store import StoreNotWritable, StoreUnreachable
from tests.commits import space
from tests.labels import keep_labeler
from tests.stores import corpus_of, embed, files_below, tiny_store, write_texts

MEAN = space("bert_mean")
Typed = Callable[..., tuple[int, str]]


@pytest.fixture
def store(tmp_path: Path) -> LocalStore:
    """Two chunks of one space, and a labeler."""
    write_texts(tmp_path / "texts" / "a.parquet", ["one", "two", "three", "four"])
    store = tiny_store(tmp_path / "store")
    embed(store, corpus_of(tmp_path / "texts"), MEAN, chunk_rows=2)
    keep_labeler(store)
    return store


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Typed:
    """typed("verify", "store"): the exit code, and what was said."""

    def run(*arguments: object) -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", ["data", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            command_line.main()
        captured = capsys.readouterr()
        return int(ended.value.code or 0), captured.out + captured.err

    return run


def part_of(store: LocalStore) -> Path:
    return sorted(store.root.glob(f"datasets/{MEAN.name}/parts/*"))[0]


def test_a_whole_store_is_said_to_be(store: LocalStore, typed: Typed) -> None:
    assert typed("verify", store.root) == (0, f"No damage in {store.root}.\n")


def test_it_starts_without_torch_and_prefect(store: LocalStore) -> None:
    asked = [sys.executable, "-X", "importtime", "-m", "data", "verify", str(store.root)]
    said = subprocess.run(asked, capture_output=True, text=True, check=True)
    assert "No damage" in said.stdout
    imported = {line.rsplit("|", 1)[-1].strip() for line in said.stderr.splitlines()}
    assert "duckdb" in imported
    assert imported.isdisjoint({"torch", "prefect", "transformers"})


@pytest.mark.parametrize(
    "left",
    ["datasets/bert_cls-01234567/.lineage.json.0", "models/topic-01234567/tensors.safetensors"],
)
def test_what_a_kill_leaves_is_no_damage(store: LocalStore, typed: Typed, left: str) -> None:
    path = store.root / left
    path.parent.mkdir()
    path.write_bytes(b"half")
    assert typed("verify", store.root)[0] == 0
    assert typed("gc", "--superseded", store.root)[0] == 0


def test_a_labeler_in_force_that_is_gone_is_damage(store: LocalStore, typed: Typed) -> None:
    (labeler,) = store.list("models")
    promote(store, labeler)
    shutil.rmtree(store.root / "models" / labeler)
    code, said = typed("verify", store.root)
    assert code == 1
    assert said.startswith(f"models/{labeler}: it is in force, and gone. Restore")


def test_damage_is_a_line_with_a_remedy_that_works(store: LocalStore, typed: Typed) -> None:
    part = part_of(store)
    part.unlink()
    code, said = typed("verify", store.root)
    assert code == 1
    assert part.name in said.splitlines()[0]
    assert "it is gone (a.parquet rows" in said
    assert said.splitlines()[-1] == f"1 damaged file in {store.root}."

    before = files_below(store.root)
    code, said = typed("repair", "--dry-run", store.root)
    assert (code, files_below(store.root)) == (0, before)
    assert said.splitlines()[-1] == "1 record would be removed."

    code, said = typed("repair", store.root)
    assert code == 0
    assert said.splitlines()[-2:] == [
        "1 record removed.",
        f"Run embed-corpus again over the corpus 'notes': 1 chunk is owed in {MEAN.name}.",
    ]


def test_what_repair_cannot_mend_is_an_exit_code_of_1(store: LocalStore, typed: Typed) -> None:
    (model,) = store.list("models")
    (store.root / "models" / model / "tensors.safetensors").write_bytes(b"others")
    code, said = typed("repair", store.root)
    assert code == 1
    assert said.startswith(f"models/{model}: its files are not those that were saved. Fit or train")
    assert "0 records removed." in said


def test_a_dry_run_of_gc_names_files_and_removes_none(store: LocalStore, typed: Typed) -> None:
    part = part_of(store)
    left = part.with_name(f"{part.name[:21]}{'0' * 12}.parquet")
    left.write_bytes(b"half")
    os.utime(left, (0, 0))
    assert typed("gc", "--dry-run", store.root) == (
        0,
        f"{left.relative_to(store.root)} (4 bytes): no record names it\n"
        "no record names it: 1 file, 4 bytes\n4 bytes would be freed.\n",
    )
    assert left.exists()
    assert typed("gc", store.root)[1].endswith("\n4 bytes freed.\n")
    assert not left.exists()


def test_purge_says_what_went(store: LocalStore, typed: Typed) -> None:
    code, said = typed("purge", "--dry-run", store.root)
    assert (code, said.splitlines()[-1]) == (
        0,
        "0 reviews of texts that no document has would be removed.",
    )
    code, said = typed("purge", store.root)
    assert (code, "bytes freed." in said) == (0, True)


def test_a_store_that_is_none_is_an_exit_code_of_2(tmp_path: Path, typed: Typed) -> None:
    code, said = typed("verify", tmp_path)
    assert code == 2
    assert said.startswith("no Poolhouse store at")


def test_what_gc_cannot_read_is_left_to_verify(store: LocalStore, typed: Typed) -> None:
    (plan,) = store.list("plans")
    (store.root / "plans" / plan).write_bytes(b"{}")
    before = files_below(store.root)
    code, said = typed("gc", "--superseded", "--grace", "0", store.root)
    assert code == 2
    assert f"python -m data verify {store.root} names it." in said
    assert files_below(store.root) == before


@pytest.mark.parametrize("hours", ["-1", "soon", "nan"])
def test_a_grace_that_is_no_time_is_refused(store: LocalStore, typed: Typed, hours: str) -> None:
    code, said = typed("gc", f"--grace={hours}", store.root)
    assert code == 2
    assert "give hours, 0 or more" in said


@pytest.mark.parametrize("command", ["verify", "repair"])
def test_a_store_that_does_not_answer_is_not_called_damaged(
    store: LocalStore, typed: Typed, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    before, read = files_below(store.root), LocalStore.read

    def fail(self: LocalStore, key: str) -> BinaryIO:
        if "/parts/" in key:
            raise StoreUnreachable("the store does not answer")
        return read(self, key)

    monkeypatch.setattr(LocalStore, "read", fail)

    code, said = typed(command, store.root)

    assert code == 2
    assert "cannot be read now (the store does not answer)" in said
    assert files_below(store.root) == before


@pytest.mark.parametrize("key", ["reviews/1.parquet", f"datasets/{MEAN.name}/lineage.json"])
def test_what_may_not_be_read_on_s3_is_not_to_be_removed_or_restored(
    store: LocalStore, typed: Typed, monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    store.create("reviews/1.parquet", b"reviews")
    read = LocalStore.read

    def deny(self: LocalStore, asked: str) -> BinaryIO:
        if asked == key:
            raise StoreNotWritable("the store cannot be used (denied)")
        return read(self, asked)

    monkeypatch.setattr(LocalStore, "read", deny)

    code, said = typed("verify", store.root)

    assert code == 2
    assert said.splitlines()[-1] == "the store cannot be used (denied)"
    assert key not in said


def test_reviews_that_are_damaged_are_named_with_what_mends_them(
    store: LocalStore, typed: Typed
) -> None:
    store.create("reviews/1.parquet", b"no Parquet")
    code, said = typed("verify", store.root)
    assert code == 1
    remedy = "Remove it, and import its reviews again."
    assert said.splitlines()[0] == f"reviews/1.parquet: it cannot be read. {remedy}"
