"""Counts of tokens over a corpus: what they are of, how they are named, what is refused."""

import json
from typing import Any

import pytest

from data import StoreError
from tests.token_weights import TEXTS, about, fit


def test_the_table_says_what_was_counted(small: Any) -> None:
    small.write("a.parquet", [*TEXTS, TEXTS[0], None])

    fitted = fit(small)

    said = about(small, fitted.name)
    assert (fitted.texts, fitted.rejected, fitted.unread) == (41, 1, ())
    assert said["kind"] == "token_counts"
    assert (said["corpus"], said["documents"], said["tokens"]) == ("small", 41, fitted.tokens)
    assert (said["is_whole_corpus"], said["vocabulary"]) == (True, 30522)
    assert str(small.sources.parent) not in json.dumps(said)


def test_the_name_is_the_same_however_the_texts_are_cut(small: Any) -> None:
    small.write("a.parquet", TEXTS)
    name = fit(small).name
    (small.sources / "a.parquet").unlink()
    small.write("b/c.parquet", TEXTS[:9])
    small.write("d.parquet", TEXTS[9:], row_group_size=4)

    assert fit(small, chunk_rows=3).name == name


def test_another_text_makes_another_name_also_where_the_counts_are_equal(small: Any) -> None:
    small.write("a.parquet", ["the cat sat"])
    name = fit(small).name
    small.write("a.parquet", ["sat the cat"])

    assert fit(small).name != name


def test_what_cannot_be_read_is_refused_unless_it_is_tolerated(small: Any) -> None:
    small.write("a.parquet", TEXTS)
    whole = fit(small).name
    (small.sources / "b.parquet").write_bytes(b"no Parquet")

    with pytest.raises(ValueError, match=r"cannot be read whole(.|\n)*b\.parquet(.|\n)*tolerate"):
        fit(small)

    fitted = fit(small, tolerate_unreadable=True)
    assert [reason.split(":")[0] for reason in fitted.unread] == ["b.parquet"]
    assert about(small, fitted.name)["is_whole_corpus"] is False
    assert fitted.name != whole


def test_a_damaged_page_is_refused_unless_it_is_tolerated(small: Any) -> None:
    options = {"compression": "none", "write_page_checksum": True, "use_dictionary": False}
    path = small.write("a.parquet", TEXTS, row_group_size=10, options=options)
    path.write_bytes(path.read_bytes().replace(b"page 25", b"page !!"))

    with pytest.raises(ValueError, match=r"a\.parquet rows 20-29"):
        fit(small, chunk_rows=10)

    assert fit(small, chunk_rows=10, tolerate_unreadable=True).texts == 30


def test_a_corpus_without_a_text_is_refused(small: Any) -> None:
    small.write("a.parquet", [None, " "])

    with pytest.raises(ValueError, match=r"2 of 2 rows have no text.*text_columns"):
        fit(small)
    assert not (small.store / "models").exists()


def test_damaged_counts_are_refused_by_name_when_the_run_is_planned(small: Any) -> None:
    small.write("a.parquet", TEXTS)
    fitted = fit(small)
    path = small.store / "models" / fitted.name / "tensors.safetensors"
    path.write_bytes(path.read_bytes()[:-1])

    with pytest.raises(StoreError, match=fitted.name):
        small.plan(poolings=fitted.poolings)

    assert fit(small).name == fitted.name
    assert small.plan(poolings=fitted.poolings)
