"""Unknown tokens stand beside every vector; stores of before they were kept are read as ever."""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from data import LocalStore, find_reuse
from data.sources.texts import hash_texts
from tests.commits import space
from tests.stores import ask, corpus_of, embed, tiny_store, write_texts

MEAN = space("bert_mean")
COUNTED = f"SELECT doc_id, n_unknown FROM {MEAN.slug} ORDER BY doc_id"


@pytest.fixture
def store(tmp_path: Path) -> LocalStore:
    """Two documents of one chunk each, both with 2 unknown tokens."""
    for name in ("a", "b"):
        write_texts(tmp_path / "texts" / f"{name}.parquet", [name])
    store = tiny_store(tmp_path / "store")
    embed(store, corpus_of(tmp_path / "texts"), MEAN)
    return store


def make_old(store: LocalStore, *, name: str) -> None:
    """Write the part of this document as it was written before there was the column."""
    (part,) = ask(
        store,
        "SELECT part FROM chunks JOIN documents USING (chunk) "
        "WHERE space IS NOT NULL AND doc_id = $name",
        name=name,
    )
    path = store.location(part)
    pq.write_table(pq.read_table(path).drop_columns("n_unknown"), path)


def embed_again(store: LocalStore, tmp_path: Path) -> None:
    """One more document, so that a catalog is built anew."""
    write_texts(tmp_path / "texts" / "c.parquet", ["c"])
    embed(store, corpus_of(tmp_path / "texts"), MEAN)


def test_a_view_over_old_and_new_parts_has_null_for_the_old(
    store: LocalStore, tmp_path: Path
) -> None:
    make_old(store, name="a.parquet#0")
    embed_again(store, tmp_path)
    assert ask(store, COUNTED) == [("a.parquet#0", None), ("b.parquet#0", 2), ("c.parquet#0", 2)]


def test_a_view_over_old_parts_alone_has_null(store: LocalStore, tmp_path: Path) -> None:
    embed_again(store, tmp_path)
    for name in ("a", "b", "c"):
        make_old(store, name=f"{name}.parquet#0")
    (tmp_path / "texts" / "c.parquet").unlink()
    embed(store, corpus_of(tmp_path / "texts"), MEAN)
    assert ask(store, COUNTED) == [("a.parquet#0", None), ("b.parquet#0", None)]


def test_vectors_of_an_old_part_are_reused_as_not_counted(store: LocalStore) -> None:
    make_old(store, name="a.parquet#0")
    hashes = hash_texts(pa.array(["b", "a"], pa.large_string()))
    reuse = find_reuse(store, [MEAN.name], [hashes])
    stored = reuse.read(reuse.locate(MEAN.name, hashes), 3)
    assert stored.n_unknown.tolist() == [2, -1]


def test_unknown_tokens_of_each_document_are_counted(small: Any) -> None:
    small.write("a.parquet", ["text", "\u7720\u7720 text", "\u7720\u7720 text"])
    small.embed()
    (view,) = small.ask("SELECT space FROM spaces")[0]
    assert small.ask(f"SELECT n_unknown FROM {view} ORDER BY row") == [(0,), (2,), (2,)]


def test_reused_vectors_keep_their_count(small: Any) -> None:
    small.write("a.parquet", ["\u7720\u7720 text"])
    small.embed()
    small.write("b.parquet", ["\u7720\u7720 text"])
    assert small.embed().reused == 1
    (view,) = small.ask("SELECT space FROM spaces")[0]
    assert small.ask(f"SELECT n_unknown FROM {view} ORDER BY chunk") == [(2,), (2,)]
