"""A catalog takes names as they are: of columns, labels, files and folders."""

import re
import tempfile
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from data import LocalStore, slug
from data.sources.corpus import RESERVED_COLUMNS
from data.sql import quote_name
from tests.commits import space
from tests.stores import ask, corpus_of, embed, tiny_store, write_texts

SLOW = settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))

hostile = st.text(
    st.one_of(
        st.sampled_from("\"';-%*[]{}()\\=#., "),
        st.characters(codec="utf-8", exclude_characters="\0/"),
    ),
    min_size=1,
    max_size=12,
)


def is_column(name: str) -> bool:
    return name.lower() not in RESERVED_COLUMNS | {"text"}


def see_everything(store: LocalStore) -> None:
    """Read each table and view of the catalog to its end."""
    for name in ask(store, "SELECT table_name FROM information_schema.tables"):
        ask(store, f"FROM {quote_name(name)}")


@given(column=hostile.filter(is_column), label=hostile, file=hostile, folder=hostile)
@example(column='"; DROP TABLE documents; --', label="'); --", file="it's [*].x", folder="row=1")
@example(column="a.b", label="\u65e5\u672c", file="%20", folder="a=b\n")
@example(column="filename", label="x", file="file_row_number", folder="a*b")
@SLOW
def test_hostile_names_come_back_unchanged(column: str, label: str, file: str, folder: str) -> None:
    with tempfile.TemporaryDirectory() as base:
        path = Path(base) / "texts" / f"x{folder}" / f"x{file}.parquet"
        write_texts(path, ["one"], **{column: [label]})
        store = tiny_store(Path(base) / "store" / re.sub(r"[?*\[]", "", f"x{folder}"))
        corpus = corpus_of(Path(base) / "texts", carry_columns=[column])
        embed(store, corpus, space(slug(f"{label} mean")))
        (found,) = ask(store, f"SELECT {quote_name(column)}, file FROM documents")
        (view,) = ask(store, "SELECT space FROM spaces")
        assert len(ask(store, f"SELECT vector FROM {view}")) == 1
        see_everything(store)
    expected = str(path.relative_to(Path(base) / "texts"))
    assert found == (label, expected)


@given(names=st.lists(hostile, min_size=2, max_size=2, unique_by=str.lower), doc_id=hostile)
@example(names=["a.b", "a"], doc_id="'; DROP TABLE documents; --")
@example(names=["text.list.element", '"'], doc_id="\n")
@SLOW
def test_hostile_columns_are_read_as_texts_and_ids(names: list[str], doc_id: str) -> None:
    text, key = names
    with tempfile.TemporaryDirectory() as base:
        path = Path(base) / "texts" / "a.parquet"
        path.parent.mkdir()
        pq.write_table(pa.table({text: ["one", " "], key: [doc_id, None]}), path)
        store = tiny_store(Path(base) / "store")
        corpus = corpus_of(path.parent, text_columns=[text], id_column=key)
        embed(store, corpus, space("bert_mean"))
        assert ask(store, "SELECT doc_id FROM documents") == [doc_id]
        assert ask(store, "SELECT doc_id FROM rejects") == ["a.parquet#1"]
        see_everything(store)
