"""Windows of a chunk, with an encoder whose vectors are arithmetic: [length, last digit + 1]."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import tasks.assembly
from data import ChunkRows, CorpusSpec, LocalStore, Reuse, find_reuse, make_plan, read_chunks
from embedding import EncodedTexts
from pooling import PoolingSpec
from tasks.assembly import Assembly
from tasks.job import SpaceJob

SPACE = SpaceJob(dataset="space", pooling=PoolingSpec(), dimension=2)


class ArithmeticEncoder:
    """Gives each text the vector that it can be recognised by, and keeps what it was given."""

    def __init__(self) -> None:
        self.groups: list[list[str]] = []

    def encode_groups(
        self, groups: Iterable[Sequence[str]], poolings: Sequence[PoolingSpec]
    ) -> Iterator[EncodedTexts]:
        for texts in groups:
            self.groups.append(list(texts))
            size = len(texts)
            no, zero = np.zeros(size, bool), np.zeros(size, np.int32)
            vectors = tuple(np.array([vector_of(t) for t in texts]) for _ in poolings)
            yield EncodedTexts(vectors, zero + 1, no, zero + 1, no, (no,), zero, size, 0.0, 0.0)


def vector_of(text: str) -> list[float]:
    return [float(len(text)), float(int(text[-1]) + 1)]


def read(tmp_path: Path, texts: Sequence[str]) -> ChunkRows:
    pq.write_table(pa.table({"text": list(texts)}), tmp_path / "a.parquet")
    plan = make_plan(
        CorpusSpec(name="c", path=str(tmp_path / "a.parquet")), chunk_rows=1000, chunk_bytes=1 << 20
    )
    (rows,) = read_chunks(plan, plan.chunks)
    assert isinstance(rows, ChunkRows)
    return rows


def assemble(
    tmp_path: Path, texts: Sequence[str], spaces: Sequence[SpaceJob] = (SPACE,)
) -> tuple[Assembly, ArithmeticEncoder, list[Any]]:
    rows = read(tmp_path, texts)
    encoder = ArithmeticEncoder()
    nothing: Reuse = find_reuse(LocalStore(tmp_path / "store"), [], [])
    assembly = Assembly(rows, spaces, nothing)
    return assembly, encoder, list(assembly.groups(lambda: encoder.encode_groups))  # type: ignore[arg-type]


@pytest.fixture(autouse=True)
def _small_groups(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks.assembly, "GROUP_ROWS", 3)


def test_groups_give_every_document_its_vector_in_order(tmp_path: Path) -> None:
    texts = ["a1", "bb2", "ccc3", "dddd4", "eeeee5"]

    _, _, groups = assemble(tmp_path, texts)

    assert [group.start for group in groups] == [0, 3]
    vectors = np.concatenate([group.texts.vectors[0] for group in groups])
    assert vectors.tolist() == [[2, 2], [3, 3], [4, 4], [5, 5], [6, 6]]


def test_a_text_is_given_to_the_encoder_once_however_many_groups_repeat_it(
    tmp_path: Path,
) -> None:
    texts = ["a1", "bb2", "a1", "ccc3", "bb2", "a1", "a1", "dddd4", "ccc3"]

    assembly, encoder, groups = assemble(tmp_path, texts)

    assert encoder.groups == [["a1", "bb2"], ["ccc3"], ["dddd4"]]
    assert assembly.num_encoded == 4
    vectors = np.concatenate([group.texts.vectors[0] for group in groups])
    assert vectors.tolist() == [vector_of(text) for text in texts]


def test_a_group_of_duplicates_alone_waits_for_no_encoder(tmp_path: Path) -> None:
    _, encoder, groups = assemble(tmp_path, ["a1", "bb2", "ccc3", "bb2", "a1", "bb2"])

    assert encoder.groups == [["a1", "bb2", "ccc3"]]
    assert groups[1].encoded is None
    assert groups[1].texts.vectors[0].tolist() == [[3, 3], [2, 2], [3, 3]]


def test_every_space_gets_the_vectors_of_its_own_pooling(tmp_path: Path) -> None:
    _, _, groups = assemble(tmp_path, ["a1", "bb2", "ccc3", "a1"], (SPACE, SPACE))

    assert [len(group.texts.vectors) for group in groups] == [2, 2]
    assert groups[1].texts.vectors[1].tolist() == [[2, 2]]


def test_an_empty_chunk_has_no_group_and_loads_nothing(tmp_path: Path) -> None:
    rows = read(tmp_path, ["", " "])
    assembly = Assembly(rows, [SPACE], find_reuse(LocalStore(tmp_path / "store"), [], []))

    assert list(assembly.groups(lambda: pytest.fail("the encoder was loaded"))) == []
    assert (assembly.num_encoded, assembly.num_reused) == (0, 0)


def test_documents_alone_load_nothing(tmp_path: Path) -> None:
    rows = read(tmp_path, ["a1", "bb2"])
    assembly = Assembly(rows, [], find_reuse(LocalStore(tmp_path / "store"), [], []))

    assert list(assembly.groups(lambda: pytest.fail("the encoder was loaded"))) == []
    assert assembly.num_encoded == 0
