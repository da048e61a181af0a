"""A sample of texts depends on the texts alone."""

import hashlib
from pathlib import Path

import pytest

from data import ChunkRows, make_plan, read_chunks, sample_texts
from tests.stores import corpus_of, write_texts

TEXTS = [f"text number {n}" for n in range(100)]


def by_hash(texts: list[str]) -> list[str]:
    return sorted(texts, key=lambda text: hashlib.blake2b(text.encode(), digest_size=16).digest())


def sample(folder: Path, size: int, chunk_rows: int = 1_000) -> list[str]:
    plan = make_plan(corpus_of(folder), chunk_rows=chunk_rows, chunk_bytes=1 << 25)
    chunks = [rows for rows in read_chunks(plan, plan.chunks) if isinstance(rows, ChunkRows)]
    return sample_texts(chunks, size)


def test_the_sample_is_the_texts_with_the_smallest_hashes(tmp_path: Path) -> None:
    write_texts(tmp_path / "a.parquet", TEXTS)

    assert sample(tmp_path, 10) == by_hash(TEXTS)[:10]


def test_files_chunks_order_and_duplicates_change_nothing(tmp_path: Path) -> None:
    write_texts(tmp_path / "one/a.parquet", TEXTS)
    write_texts(tmp_path / "two/b.parquet", [*TEXTS[60:], None])
    write_texts(tmp_path / "two/a.parquet", [*reversed(TEXTS[:61]), TEXTS[3]])

    assert sample(tmp_path / "one", 10) == sample(tmp_path / "two", 10, chunk_rows=7)


@pytest.mark.parametrize("size", [100, 1_000])
def test_of_too_few_texts_the_sample_is_all(tmp_path: Path, size: int) -> None:
    write_texts(tmp_path / "a.parquet", TEXTS)

    assert sample(tmp_path, size) == by_hash(TEXTS)


def test_a_chunk_without_a_text_adds_none(tmp_path: Path) -> None:
    write_texts(tmp_path / "a.parquet", [*TEXTS[:4], None, " ", TEXTS[5]])

    assert sample(tmp_path, 10, chunk_rows=2) == by_hash([*TEXTS[:4], TEXTS[5]])
