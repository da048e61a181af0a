"""Rows that cannot become a vector: refused with a reason, counted, and never stored."""

from typing import Any

import numpy as np
import pytest

from tests.small_corpus import CLS, MEAN, spoil

ZERO_WIDTH = "\u200b\u200d"
TEXTS = [f"some words about the number {n}" for n in range(12)]
CHINESE_SUBJECTS = [
    "\u6211\u4eec",  # we
    "\u8001\u5e08",  # the teacher
    "\u5b69\u5b50",  # the child
    "\u533b\u751f",  # the doctor
    "\u90bb\u5c45",  # the neighbour
]
CHINESE_DEEDS = [
    "\u559c\u6b22\u5403\u82f9\u679c",  # likes to eat apples
    "\u6b63\u5728\u770b\u62a5\u7eb8",  # is reading the newspaper
    "\u660e\u5929\u53bb\u5317\u4eac\u65c5\u884c",  # travels to Beijing tomorrow
    "\u6bcf\u5929\u9a91\u81ea\u884c\u8f66\u4e0a\u73ed",  # cycles to work every day
    "\u89c9\u5f97\u4eca\u5929\u5929\u6c14\u5f88\u51b7",  # finds it cold today
    "\u5199\u4e86\u4e00\u5c01\u957f\u4fe1",  # has written a long letter
]
BY_SPACE = "SELECT space, reason, count(*) FROM rejects GROUP BY ALL ORDER BY ALL"


def test_null_empty_and_blank_rows_are_rejected_and_the_rest_is_embedded(small: Any) -> None:
    small.write("a.parquet", [None, "", " \n\t", *TEXTS])

    summary = small.embed()

    assert summary.is_complete
    assert (summary.documents, summary.rejected, small.num_forwarded) == (12, 3, 12)
    assert small.ask('SELECT "row", reason FROM rejects ORDER BY "row"') == [
        (0, "null"),
        (1, "empty"),
        (2, "blank"),
    ]


def test_a_chunk_of_rejects_alone_is_complete(small: Any) -> None:
    small.write("a.parquet", [None] * 5)

    assert small.embed().is_complete
    assert small.ask("SELECT count(*) FROM documents") == [(0,)]
    assert small.ask("SELECT count(*) FROM splade_tiny_mean") == [(0,)]


def test_a_text_without_tokens_is_rejected_by_every_space_and_so_are_its_duplicates(
    small: Any,
) -> None:
    small.write("a.parquet", [ZERO_WIDTH, *TEXTS, ZERO_WIDTH])

    summary = small.embed(poolings=(MEAN, CLS))

    assert small.ask(BY_SPACE) == [
        ("splade_tiny_cls", "no_tokens", 2),
        ("splade_tiny_mean", "no_tokens", 2),
    ]
    assert small.ask("SELECT count(*) FROM splade_tiny_mean") == [(12,)]
    assert (summary.without_vector, small.num_forwarded) == (2, 12)


def test_a_known_text_without_tokens_is_rejected_again_wherever_it_turns_up(small: Any) -> None:
    small.write("a.parquet", [*TEXTS[:3], ZERO_WIDTH, *TEXTS[3:6]])
    small.embed()
    small.write("b.parquet", [ZERO_WIDTH, *TEXTS])

    summary = small.embed()

    assert summary.is_complete
    assert small.num_forwarded == 6
    assert small.ask(BY_SPACE) == [("splade_tiny_mean", "no_tokens", 2)]


def test_every_planned_row_is_a_document_or_a_reject(small: Any) -> None:
    small.write("a.parquet", [None, *TEXTS, ZERO_WIDTH])
    small.write("b.parquet", ["", *TEXTS, "\u00ad"])

    summary = small.embed()

    ((kept,),) = small.ask("SELECT count(*) FROM splade_tiny_mean")
    ((rejected,),) = small.ask("SELECT count(*) FROM rejects")
    assert kept + rejected == summary.planned_rows == 28


@pytest.mark.parametrize(
    ("value", "reason"),
    [(np.nan, "not_finite"), (np.inf, "not_finite"), (0.0, "zero_norm")],
    ids=["nan", "inf", "zero"],
)
def test_a_vector_that_sql_cannot_use_is_a_reject_of_its_space_alone(
    small: Any, monkeypatch: pytest.MonkeyPatch, value: float, reason: str
) -> None:
    small.write("a.parquet", TEXTS)
    spoil(small, monkeypatch, {0: value, 5: value}, pooling=1)

    summary = small.embed(poolings=(MEAN, CLS))

    assert summary.is_complete
    assert small.ask(BY_SPACE) == [("splade_tiny_cls", reason, 2)]
    assert small.ask("SELECT count(*) FROM splade_tiny_mean") == [(12,)]
    assert small.ask('SELECT "row" FROM splade_tiny_cls ORDER BY "row"') == [
        (row,) for row in range(12) if row not in {0, 5}
    ]


def test_duplicates_of_a_bad_vector_are_rejected_with_it(
    small: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    small.write("a.parquet", [*TEXTS, TEXTS[0]])
    spoil(small, monkeypatch, {0: np.nan})

    small.embed()

    assert small.ask('SELECT "row", reason FROM rejects ORDER BY "row"') == [
        (0, "not_finite"),
        (12, "not_finite"),
    ]


def test_a_known_bad_vector_is_not_reused(small: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    small.write("a.parquet", TEXTS)
    with monkeypatch.context() as broken:
        spoil(small, broken, {4: np.nan})
        small.embed()
    small.write("b.parquet", TEXTS)

    small.embed()

    assert small.num_forwarded == 1
    assert small.ask('SELECT file, "row" FROM rejects') == [("a.parquet", 4)]


def test_a_wrong_language_is_warned_about(small: Any) -> None:
    small.write("a.parquet", [who + what for who in CHINESE_SUBJECTS for what in CHINESE_DEEDS])

    summary = small.embed()

    assert summary.documents == 30
    assert summary.unknown_share > 0.1
    assert any("unknown to the tokenizer" in warning for warning in summary.warnings)


def test_its_own_language_is_not_warned_about(small: Any) -> None:
    small.write("a.parquet", TEXTS)

    assert small.embed().warnings == ()
