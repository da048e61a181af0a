"""A catalog takes names as they are: of columns, labels, files and folders."""

import re
import tempfile
from pathlib import Path

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from data import slug
from data.corpus import RESERVED_COLUMNS
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
        quoted = '"' + column.replace('"', '""') + '"'
        (found,) = ask(store, f"SELECT {quoted}, file FROM documents")
        (view,) = ask(store, "SELECT space FROM spaces")
        assert len(ask(store, f"SELECT vector FROM {view}")) == 1
    expected = str(path.relative_to(Path(base) / "texts"))
    assert found == (label, expected)
