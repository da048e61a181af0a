"""How a corpus is cut into chunks, and what a chunk's name depends on."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from data import Plan, load_plan, make_plan, pending_chunks, read_chunks, save_plan
from tests.stores import corpus_of, tiny_store, write_texts

TEN_LETTERS = "0123456789"


def plan_of(path: Path, rows: int = 10, size: int = 1 << 20, **spec: Any) -> Plan:
    return make_plan(corpus_of(path, **spec), chunk_rows=rows, chunk_bytes=size)


def cuts(plan: Plan) -> list[tuple[int, int]]:
    return [(chunk.row_start, chunk.rows) for chunk in plan.chunks]


def names(plan: Plan) -> list[str]:
    return [chunk.name for chunk in plan.chunks]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return write_texts(
        tmp_path / "texts" / "a.parquet",
        [f"{n:03d}" for n in range(100)],
        key=[str(n) for n in range(100)],
    )


def test_row_groups_are_taken_together_up_to_the_rows_of_a_chunk(tmp_path: Path) -> None:
    path = write_texts(tmp_path / "a.parquet", ["x"] * 25, row_group_size=5)
    assert cuts(plan_of(path, rows=12)) == [(0, 10), (10, 10), (20, 5)]


def test_row_groups_are_taken_together_up_to_the_bytes_of_a_chunk(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    table = pa.table({"text": ["the same"] * 40})
    pq.write_table(table, path, row_group_size=10, use_dictionary=False)
    size = pq.read_metadata(path).row_group(0).column(0).total_uncompressed_size
    assert cuts(plan_of(path, rows=1_000, size=2 * size)) == [(0, 20), (20, 20)]
    assert cuts(plan_of(path, rows=1_000, size=2 * size - 1)) == [(n, 10) for n in (0, 10, 20, 30)]


def test_a_giant_row_group_is_cut_into_equal_ranges(file: Path) -> None:
    assert pq.read_metadata(file).num_row_groups == 1
    assert cuts(plan_of(file, rows=30)) == [(0, 25), (25, 25), (50, 25), (75, 25)]


def test_a_row_group_of_many_bytes_is_cut_by_bytes(file: Path) -> None:
    size = pq.read_metadata(file).row_group(0).column(0).total_uncompressed_size
    assert [rows for _, rows in cuts(plan_of(file, rows=1_000, size=size // 3))] == [25] * 4


def test_a_text_larger_than_a_chunk_is_a_chunk_of_its_own(tmp_path: Path) -> None:
    path = write_texts(tmp_path / "a.parquet", ["word " * 1_000])
    assert cuts(plan_of(path, size=10)) == [(0, 1)]


PAGE = "<html>" * 2_000  # 12,000 bytes


@pytest.mark.parametrize(
    ("columns", "spec"),
    [
        ({"html": [f"{n}{PAGE}" for n in range(40)]}, {"carry_columns": ["html"]}),
        ({"html": [PAGE] * 40}, {"carry_columns": ["html"]}),
        (
            {"page": [{"url": n, "html": [f"{n}{PAGE}"]} for n in range(40)]},
            {"carry_columns": ["page"]},
        ),
        ({"key": [f"{n}{PAGE}" for n in range(40)]}, {"id_column": "key"}),
        ({"html": pa.array([PAGE] * 40).dictionary_encode()}, {"text_columns": ["html"]}),
    ],
    ids=["carried", "repeated", "nested", "id", "dictionary"],
)
def test_all_columns_that_are_read_count_as_often_as_they_are_repeated(
    tmp_path: Path, columns: dict[str, Any], spec: dict[str, Any]
) -> None:
    path = write_texts(tmp_path / "a.parquet", ["short"] * 40, **columns)
    assert len(plan_of(path, rows=1_000).chunks) == 1
    assert plan_of(path, rows=1_000).chunks[0].read_bytes < 1_000
    (chunk,) = plan_of(path, rows=1_000, **spec).chunks
    assert 40 * 12_000 < chunk.read_bytes < 45 * 12_000
    assert len(plan_of(path, rows=1_000, size=100_000, **spec).chunks) == 5


def test_a_limit_takes_the_first_rows_only(file: Path) -> None:
    write_texts(file.with_name("b.parquet"), ["more"])
    assert cuts(plan_of(file.parent, rows=30, limit=60)) == [(0, 25), (25, 25), (50, 10)]


def test_the_same_corpus_has_the_same_plan(file: Path) -> None:
    assert plan_of(file).name == plan_of(file).name


def test_the_plan_is_the_same_in_every_process(file: Path) -> None:
    code = (
        "import sys; from data import CorpusSpec, make_plan\n"
        "spec = CorpusSpec(name='notes', path=sys.argv[1], carry_columns=['key'])\n"
        "print(make_plan(spec, chunk_rows=10, chunk_bytes=999999).name)"
    )
    found = {
        subprocess.run(
            [sys.executable, "-c", code, str(file)],
            env={**os.environ, "PYTHONHASHSEED": seed},
            cwd=Path(__file__).parents[2],
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        for seed in ("1", "2")
    }
    plan = make_plan(corpus_of(file, carry_columns=["key"]), chunk_rows=10, chunk_bytes=999_999)
    assert found == {plan.name}


def test_a_moved_corpus_keeps_its_chunks(file: Path) -> None:
    before = names(plan_of(file.parent))
    moved = file.parent.rename(file.parents[1] / "elsewhere")
    assert names(plan_of(moved)) == before


def test_a_renamed_file_has_other_chunks(file: Path) -> None:
    before = set(names(plan_of(file.parent)))
    file.rename(file.with_name("b.parquet"))
    assert before.isdisjoint(names(plan_of(file.parent)))


@pytest.mark.parametrize(
    "change",
    [
        {"text_columns": ["key"]},
        {"separator": " "},
        {"id_column": "key"},
        {"carry_columns": ["key"]},
    ],
    ids=lambda change: next(iter(change)),
)
def test_reading_differently_makes_other_chunks(file: Path, change: dict[str, Any]) -> None:
    assert set(names(plan_of(file))).isdisjoint(names(plan_of(file, **change)))


def test_an_edit_of_one_letter_makes_other_chunks(tmp_path: Path) -> None:
    path = write_texts(tmp_path / "a.parquet", [TEN_LETTERS] * 5)
    pq.write_table(pq.read_table(path), path, compression="none", write_statistics=False)
    before, content = plan_of(path), path.read_bytes()
    path.write_bytes(content.replace(b"0123456789", b"0123456780"))
    after = plan_of(path)
    assert path.stat().st_size == len(content)
    assert before.files[0].identity.footer == after.files[0].identity.footer
    assert set(names(before)).isdisjoint(names(after))


def test_a_plan_is_kept_under_its_name(tmp_path: Path, file: Path) -> None:
    store, plan = tiny_store(tmp_path / "store"), plan_of(file)
    save_plan(store, plan)
    save_plan(store, plan)
    assert store.list("plans") == [f"{plan.name}.json"]
    assert load_plan(store, plan.name) == plan


def test_a_chunk_is_pending_while_one_dataset_lacks_it(file: Path) -> None:
    plan = plan_of(file, rows=50)
    first, second = plan.chunks
    assert pending_chunks(plan, [{first.name}, {first.name}]) == [second]
    assert pending_chunks(plan, [{first.name, second.name}, {first.name}]) == [second]
    assert pending_chunks(plan, [{first.name, second.name}]) == []


def test_a_batch_has_no_more_rows_than_a_chunk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_texts(tmp_path / "a.parquet", [f"t{n}" for n in range(1_000)])
    sizes = []
    read = pq.ParquetFile.iter_batches

    def iter_batches(file: Any, size: int, **options: Any) -> Any:
        sizes.append(size)
        return read(file, size, **options)

    plan = make_plan(corpus_of(path), chunk_rows=40, chunk_bytes=1 << 30)
    monkeypatch.setattr(pq.ParquetFile, "iter_batches", iter_batches)
    assert len(list(read_chunks(plan, plan.chunks))) == 25
    assert sizes == [40]
