"""Which files a corpus path stands for, and which descriptions of a corpus are refused."""

from pathlib import Path
from typing import Any

import fsspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pydantic import ValidationError

import data.sources.source_file
from data import CorpusSpec, make_plan
from tests.commits import read_all
from tests.stores import corpus_of, write_texts
from tests.web_server import serving


def listed(path: Path | str, **spec: Any) -> list[str]:
    plan = make_plan(corpus_of(path, **spec), chunk_rows=100, chunk_bytes=1 << 20)
    return [file.path for file in plan.files]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("b.parquet", "a.parquet", "deep/c.parquet", "deep/d.PARQUET"):
        write_texts(tmp_path / "texts" / name, ["one"])
    return tmp_path / "texts"


def test_a_folder_gives_its_parquet_files_sorted_with_subfolders(folder: Path) -> None:
    (folder / "notes.txt").write_text("not Parquet")
    assert listed(folder) == ["a.parquet", "b.parquet", "deep/c.parquet", "deep/d.PARQUET"]


def test_what_was_passed_over_is_named(folder: Path) -> None:
    (folder / "notes.txt").write_text("not Parquet")
    plan = make_plan(corpus_of(folder), chunk_rows=100, chunk_bytes=1 << 20)
    assert plan.passed_over == ("notes.txt",)


def test_one_file_counts_whatever_its_name(folder: Path) -> None:
    (folder / "a.parquet").rename(folder / "_a.bin")
    assert listed(folder / "_a.bin") == ["_a.bin"]


def test_a_glob_gives_the_files_that_it_matches(folder: Path) -> None:
    assert listed(folder / "*.parquet") == ["a.parquet", "b.parquet"]
    assert listed(folder / "**/*.parquet") == ["a.parquet", "b.parquet", "deep/c.parquet"]


def test_a_glob_that_matches_folders_gives_their_files(folder: Path) -> None:
    assert listed(folder / "de*") == ["deep/c.parquet", "deep/d.PARQUET"]


def test_a_folder_whose_name_looks_like_a_glob_is_a_folder(tmp_path: Path) -> None:
    write_texts(tmp_path / "texts[1]" / "a.parquet", ["one"])
    assert listed(tmp_path / "texts[1]") == ["a.parquet"]


@pytest.mark.parametrize("name", ["_part.parquet", ".part.parquet", "_tmp/c.parquet", ".x/c.pq"])
def test_names_of_unfinished_files_are_skipped(folder: Path, name: str) -> None:
    write_texts(folder / name, ["unfinished"])
    assert listed(folder) == ["a.parquet", "b.parquet", "deep/c.parquet", "deep/d.PARQUET"]
    assert name not in listed(folder / "**")


def test_a_corpus_below_a_hidden_folder_is_read(tmp_path: Path) -> None:
    write_texts(tmp_path / "_exports" / "a.parquet", ["one"])
    assert listed(tmp_path / "_exports") == ["a.parquet"]


@pytest.mark.parametrize("root", ["memory://notes", "memory://"])
def test_an_fsspec_url_is_read(root: str) -> None:
    memory = fsspec.filesystem("memory")
    memory.store.clear()
    with memory.open("notes/a.parquet", "wb") as file:
        pq.write_table(pa.table({"text": ["from memory"]}), file)
    plan = make_plan(corpus_of(root), chunk_rows=100, chunk_bytes=1 << 20)
    (rows,) = read_all(plan)
    assert rows.texts.to_pylist() == ["from memory"]
    assert rows.chunk.path == ("a.parquet" if root.endswith("notes") else "notes/a.parquet")


def test_a_hive_key_can_be_carried(tmp_path: Path) -> None:
    write_texts(tmp_path / "lang=en" / "day=2026-11-21" / "a.parquet", ["one"])
    write_texts(tmp_path / "lang=__HIVE_DEFAULT_PARTITION__" / "b.parquet", ["two"])
    write_texts(tmp_path / "lang=a%2Fb" / "c.parquet", ["three"])
    plan = make_plan(
        corpus_of(tmp_path, carry_columns=["lang"]), chunk_rows=100, chunk_bytes=1 << 20
    )
    found = {rows.texts[0].as_py(): rows.documents["lang"][0].as_py() for rows in read_all(plan)}
    assert found == {"one": "en", "two": None, "three": "a/b"}


@pytest.mark.parametrize("pattern", ["", "**/*.parquet", "**", "*"])
@pytest.mark.parametrize("store", ["store", "deep/er/store", "."])
def test_files_of_a_store_are_no_corpus(tmp_path: Path, store: str, pattern: str) -> None:
    write_texts(tmp_path / "a.parquet", ["one"])
    write_texts(tmp_path / store / "datasets/notes-1/parts/x.parquet", ["one"])
    (tmp_path / store / "store.json").write_text('{"format":1}')
    assert listed(tmp_path / pattern) == ["a.parquet"]


def test_a_folder_called_as_those_of_a_store_is_read(tmp_path: Path) -> None:
    write_texts(tmp_path / "datasets" / "a.parquet", ["one"])
    assert listed(tmp_path / "**/*.parquet") == ["datasets/a.parquet"]


def test_what_is_named_inside_a_store_is_read(tmp_path: Path) -> None:
    write_texts(tmp_path / "datasets/notes-1/parts/x.parquet", ["one"])
    (tmp_path / "store.json").write_text('{"format":1}')
    assert listed(tmp_path / "datasets/notes-1") == ["parts/x.parquet"]


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("missing.parquet", "there is no such file or folder"),
        ("missing/*.parquet", "no Parquet file matched; found nothing"),
        ("empty", "no Parquet file matched; found nothing"),
        ("other", r"no Parquet file matched; found only \['notes.txt'\]"),
    ],
)
def test_nothing_found_is_an_error_that_says_what_was_seen(
    tmp_path: Path, path: str, said: str
) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "notes.txt").write_text("x")
    with pytest.raises(ValueError, match=said) as error:
        listed(tmp_path / path)
    assert "corpus.path" in str(error.value)


@pytest.mark.parametrize("path", ["nonsense://x/y", "s4://bucket/texts"])
def test_an_unknown_scheme_is_refused_with_the_path(path: str) -> None:
    with pytest.raises(ValueError, match=path):
        listed(path)


@pytest.mark.parametrize(
    ("spec", "place"),
    [
        ({"name": "Not a name!"}, "name"),
        ({"path": ""}, "path"),
        ({"text_columns": []}, "text_columns"),
        ({"text_columns": ["text", "text"]}, "text_columns"),
        ({"text_columns": [""]}, "text_columns"),
        ({"limit": 0}, "limit"),
        ({"carry_columns": ["date", "date"]}, "carry_columns"),
        ({"carry_columns": ["Label", "label"]}, "carry_columns"),
        ({"carry_columns": ["Doc_ID"]}, "carry_columns"),
        ({"text_column": "text"}, "text_column"),
    ],
)
def test_nonsense_is_refused_when_the_spec_is_built(spec: dict[str, Any], place: str) -> None:
    with pytest.raises(ValidationError, match=place):
        CorpusSpec(**{"name": "notes", "path": "texts", **spec})


def test_a_file_behind_a_web_server_is_read(folder: Path) -> None:
    with serving(folder) as server:
        corpus = corpus_of(f"{server.url}/deep/c.parquet")
        plan = make_plan(corpus, chunk_rows=100, chunk_bytes=1 << 20)
        (rows,) = read_all(plan)

    assert [file.path for file in plan.files] == ["c.parquet"]
    assert rows.texts.to_pylist() == ["one"]


def test_a_file_that_is_replaced_while_it_is_listed_is_named(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    measure = data.sources.source_file.measure_row_groups

    def replaced(file: Any, columns: Any) -> Any:
        found = measure(file, columns)
        write_texts(folder / "b.parquet", ["one", "two"])
        return found

    monkeypatch.setattr(data.sources.source_file, "measure_row_groups", replaced)
    plan = make_plan(corpus_of(folder), chunk_rows=100, chunk_bytes=1 << 20)

    assert [file.path for file in plan.unreadable] == ["b.parquet"]
    assert "changed while it was listed" in plan.unreadable[0].reason
