"""What measures labels reads packages rightly, keeps rows apart, and says what it found."""

import re
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from benchmarks import label_data, label_long, label_report
from benchmarks.debian import parse_packages, parse_texts
from benchmarks.label_accuracy import best_of
from benchmarks.label_data import LabelData, read_data
from benchmarks.labelled_debian import parse_nouns
from benchmarks.labelled_rows import side_of, split_rows, without_copies
from benchmarks.labels import FITTING, PIECES
from benchmarks.results import Figure, Measurement
from labeling import HeadSpec, PairedTest
from pooling import PoolingSpec

LISTS = """Package: lynx
Source: lynx-cur (2.9)
Description-md5: abc
Tag: interface::{commandline, text-mode},
 role::program

Package: other
Description-md5: missing
"""
TEXTS = """Package: lynx
Description-md5: abc
Description-en: text browser
 It reads
 .
 pages.
"""
NOUNS = [
    "  1 This is the licence.",
    '04240434 06 n 01 slip 0 001 @ 1 n 0 | a friction clutch that will slip; "it slipped"  ',
    "04240435 06 n 01 slip 0 001 @ 1 n 0 | too short  ",
]


def test_a_noun_has_its_topic_and_its_gloss_without_examples() -> None:
    assert list(parse_nouns(NOUNS)) == [
        {
            "id": "noun-04240434",
            "text": "a friction clutch that will slip",
            "label": "noun.artifact",
        }
    ]


def test_a_package_has_its_description_its_source_and_each_of_its_tags() -> None:
    (package,) = parse_packages(LISTS, dict(parse_texts(TEXTS)))
    assert (package.name, package.source) == ("lynx", "lynx-cur")
    assert package.text == "text browser. It reads pages."
    assert package.tags == ("interface::commandline", "interface::text-mode", "role::program")


def test_of_copies_the_first_stays_and_none_that_has_two_labels() -> None:
    rows = [
        {"text": "One  text", "label": "a"},
        {"text": "one text", "label": "a"},
        {"text": "two", "label": "a"},
        {"text": "Two", "label": "b"},
    ]
    assert without_copies(rows) == rows[:1]


def test_a_fifth_of_each_label_is_tested_on() -> None:
    rows = split_rows([{"text": f"{n}", "label": "ab"[n % 2]} for n in range(20)])
    tested = [row["label"] for row in rows if row["split"] == "test"]
    assert sorted(tested) == ["a", "a", "b", "b"]


def test_rows_of_one_group_are_on_one_side() -> None:
    assert {side_of("some author") for _ in range(3)} in ({"test"}, {"train"})
    sides = [side_of(f"author {n}") for n in range(2_000)]
    assert 0.17 < sides.count("test") / len(sides) < 0.23


def test_the_pieces_that_are_asked_for_are_there() -> None:
    assert {piece for pieces in FITTING.values() for piece in pieces} <= set(PIECES)


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LabelData:
    """Forty texts of two labels; what is trained is kept in a folder of the test."""
    monkeypatch.setattr(label_data, "MEMBERS", tmp_path / "members")
    texts = [f"{'red' if n % 2 else 'blue'} number {n}" for n in range(40)]
    labels = ["warm" if n % 2 else "cold" for n in range(40)]
    pq.write_table(pa.table({"text": texts, "label": labels}), tmp_path / "colours.parquet")
    return read_data(tmp_path / "colours.parquet", max_tokens=16)


def vectors(data: LabelData) -> np.ndarray:
    """One number says the label."""
    noise = np.random.default_rng(0).normal(size=(len(data.examples.texts), 3))
    return np.column_stack([data.examples.indicator[:, 0] * 4, noise]).astype(np.float32)


def test_a_labeler_is_trained_once_and_the_same_when_read_back(
    data: LabelData, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = HeadSpec(parameters={"c": [0.1]})
    first = data.vectors_head("colour", vectors(data), PoolingSpec(), spec)
    monkeypatch.setattr(label_data, "train_head", None)
    second = data.vectors_head("colour", vectors(data), PoolingSpec(), spec)
    np.testing.assert_array_equal(first.test_probabilities, second.test_probabilities)
    np.testing.assert_array_equal(first.held, second.held)
    assert second.labeler.spec == first.labeler.spec
    assert data.predictions(second).chosen.sum() == len(data.truth)


def test_the_best_member_is_the_one_that_is_right_most_often(data: LabelData) -> None:
    spec = HeadSpec(parameters={"c": [0.1]})
    noise = vectors(data)[:, 1:]
    good = data.vectors_head("good", vectors(data), PoolingSpec(), spec)
    bad = data.vectors_head("bad", noise, PoolingSpec(layers=(-2,)), spec)
    assert best_of(data, {"bad": bad, "good": good}) == "good"


def test_windows_hold_every_character_once_and_at_most_their_tokens() -> None:
    text = " ".join(f"unbelievable{n % 7}" for n in range(300))
    ((pieces, sizes),) = label_long.cut_windows([text])
    assert "".join(pieces) == text
    assert len(pieces) == len(sizes) == 5
    assert max(sizes) <= label_long.WINDOW_TOKENS


def test_a_paired_figure_says_points_interval_and_p_value() -> None:
    test = PairedTest(
        first="a",
        second="b",
        difference=-0.01,
        low=-0.02,
        high=0.001,
        p_value=0.0312,
        num_test=100,
    )
    figure = label_report.paired_figure(test)
    page = label_report.markdown(
        [Measurement(piece="poolings", corpus="c", about="3 rows.", figures=[figure])]
    )
    assert "| a minus b | -1.00 points | -2.00 points to +0.10 points |  | McNemar p = 0.031 |" in (
        page
    )


def test_what_was_measured_replaces_only_what_stood_between_the_marks(tmp_path: Path) -> None:
    page = tmp_path / "log.md"
    page.write_text(f"above\n{label_report.BEGIN}old\n{label_report.END}below\n")
    figure = Figure(what="mean", value=0.8454, least=0.82, most=0.87, unit="", goal="")
    found = Measurement(piece="poolings", corpus="c", about="3 rows.", figures=[figure])
    label_report.write_page([found], page)
    assert re.fullmatch(r"above\n.*0\.845.*below\n", page.read_text(), re.DOTALL)
    assert "old" not in page.read_text()
