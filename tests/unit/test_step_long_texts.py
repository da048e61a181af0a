"""Long texts through the step: what the catalog says of them, and what a change costs."""

import re
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pytest

from embedding import load_encoder

LONG = "The quick brown fox jumps over the lazy dog, time and again, until the sun goes down. "
TEXTS = ["short", LONG * 3, "also short", LONG * 12, LONG * 40]


def reading(small: Any, **settings: Any) -> Any:
    return small.encoder.model_copy(update={"max_tokens": 32, **settings})


def spaces(small: Any) -> list[str]:
    return [name for (name,) in small.ask("SELECT space FROM spaces ORDER BY space")]


def test_windows_are_counted_in_the_catalog_and_their_vectors_are_the_encoders(small: Any) -> None:
    small.write("a.parquet", TEXTS)
    encoder = reading(small, long_texts="windows", max_windows=20)
    summary = small.embed(encoder=encoder)
    assert (summary.is_complete, summary.encoded, summary.truncated) == (True, 5, 1)
    space = "splade_tiny_mean_windows_first_20_max32"
    assert spaces(small) == [space]
    rows = small.ask(f"SELECT n_tokens, truncated, n_windows, vector FROM {space} ORDER BY row")
    (expected,) = load_encoder(encoder).encode_groups([TEXTS], [small.plan().job.spaces[0].pooling])
    assert [row[0] for row in rows] == expected.n_tokens.tolist()
    assert [row[1] for row in rows] == [False, False, False, False, True]
    assert [row[2] for row in rows] == [1, 2, 1, 8, 20]
    np.testing.assert_allclose([row[3] for row in rows], expected.vectors[0], atol=1e-6)


def test_the_query_of_the_page_forecasts_windows_and_no_more_than_there_are_of_huge_texts(
    small: Any,
) -> None:
    page = (Path(__file__).resolve().parents[2] / "docs/operating.md").read_text()
    (query,) = re.findall(r"`(SELECT [^`]*n_tokens - 2[^`]*) FROM \w+`", page)
    small.write("a.parquet", TEXTS)  # the last has too many characters to be counted
    small.embed(encoder=reading(small))
    query = f"{query.replace('254', '30')} FROM splade_tiny_mean_max32"
    ((forecast, not_counted),) = small.ask(query)
    small.embed(encoder=reading(small, long_texts="windows"))
    space = "splade_tiny_mean_windows_max32"
    actual, huge = (
        small.ask(f"SELECT sum(n_windows) FROM {space} WHERE row {rows}")[0][0]
        for rows in ("< 4", "= 4")
    )
    assert (not_counted, forecast) == (1, actual + 2)
    assert huge >= 11


def test_what_is_read_in_windows_is_reused_with_its_numbers(small: Any) -> None:
    small.write("a.parquet", TEXTS)
    encoder = reading(small, long_texts="windows")
    small.embed(encoder=encoder)
    space = "splade_tiny_mean_windows_max32"
    query = f"SELECT doc_id, n_tokens, truncated, n_windows, vector FROM {space} ORDER BY row"
    before = small.ask(query)
    assert small.embed(encoder=encoder).encoded == 0
    (small.sources / "a.parquet").rename(small.sources / "b.parquet")
    summary = small.embed(encoder=encoder)
    assert (summary.encoded, summary.reused) == (0, 5)
    assert [row[1:] for row in small.ask(query)] == [row[1:] for row in before]


def test_each_way_of_reading_is_a_space_of_its_own(small: Any) -> None:
    small.write("a.parquet", TEXTS)
    ways = [
        {},
        {"long_texts": "windows"},
        {"long_texts": "windows", "window_overlap": 8},
        {"long_texts": "head_tail"},
        {"long_texts": "head_tail", "tail_tokens": 20},
    ]
    for way in ways:
        assert small.embed(encoder=reading(small, **way)).encoded == 5
    assert spaces(small) == [
        "splade_tiny_mean_head_tail_20_max32",
        "splade_tiny_mean_head_tail_max32",
        "splade_tiny_mean_max32",
        "splade_tiny_mean_windows_max32",
        "splade_tiny_mean_windows_overlap_8_max32",
    ]
    query = "SELECT vector FROM {} WHERE row = {}"
    for row, distinct in ((0, 1), (3, 5)):
        vectors = [small.ask(query.format(space, row))[0][0] for space in spaces(small)]
        assert len({tuple(vector) for vector in vectors}) == distinct


def test_a_half_that_is_written_out_is_the_same_space(small: Any) -> None:
    small.write("a.parquet", TEXTS)
    small.embed(encoder=reading(small, long_texts="head_tail"))
    same = reading(small, long_texts="head_tail", tail_tokens=15)  # of 30
    assert small.embed(encoder=same).encoded == 0


def test_a_room_that_is_too_small_is_refused_before_the_model_is_loaded(
    small: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    small.write("a.parquet", TEXTS)
    monkeypatch.setattr("embedding.loading.load_transformer", None)
    encoder = reading(small, long_texts="windows", window_overlap=30)
    with pytest.raises(ValueError, match=r"encoder\.window_overlap=30 leaves no room"):
        small.plan(encoder=encoder)


def test_the_catalog_explains_windows(small: Any) -> None:
    small.write("a.parquet", ["text"])
    small.embed()
    with duckdb.connect(str(small.store / "catalog.duckdb"), read_only=True) as connection:
        (comment,) = connection.execute(
            "SELECT comment FROM duckdb_columns() WHERE column_name = 'n_windows'"
        ).fetchone()
    assert "1 unless" in comment
