"""The benchmarks compare what they say, and show it: ratios, corpora, tables. Nothing is timed."""

from pathlib import Path

import numpy as np
import pytest

from benchmarks import results
from benchmarks.corpora import padding_ratio, spread
from benchmarks.debian import parse_descriptions
from benchmarks.machine_texts import without_troff
from benchmarks.profiling import kind_of
from benchmarks.report import BEGIN, END, markdown, write_page
from benchmarks.results import Figure, Measurement, median_of, newest, save
from benchmarks.speed import refuse_other_vectors
from benchmarks.workers import Effort


def measured(piece: str, *figures: Figure) -> Measurement:
    return Measurement(piece=piece, corpus="short", about="3 texts.", figures=list(figures))


def test_padding_ratio_is_computed_tokens_for_each_real_one() -> None:
    texts = ["a"] * 31 + ["?????"]  # 3 tokens each, and 7

    assert padding_ratio(texts) == pytest.approx(32 * 7 / (31 * 3 + 7))


def test_texts_are_sorted_by_characters_before_they_are_padded() -> None:
    texts = ["a", "?????"] * 32  # two batches, each of equal texts

    assert padding_ratio(texts) == 1.0


def test_padding_ratio_counts_no_token_that_is_cut() -> None:
    texts = ["a"] * 31 + ["?????"]

    assert padding_ratio(texts, max_tokens=4) == pytest.approx(32 * 4 / (31 * 3 + 4))


def test_a_smaller_corpus_is_taken_evenly_from_all_of_it() -> None:
    assert spread([str(n) for n in range(10)], 3) == ["0", "4", "9"]
    assert spread(["a", "b"], 5) == ["a", "b"]


def test_engines_that_compute_something_else_are_not_timed() -> None:
    vectors = np.zeros((2, 3), np.float32)
    refuse_other_vectors("an engine", vectors + 1e-6, vectors, 1e-5)

    for other in (vectors + 1e-4, vectors[:1], vectors * np.nan):
        with pytest.raises(ValueError, match="an engine: vectors differ"):
            refuse_other_vectors("an engine", other, vectors, 1e-5)


def test_minutes_are_those_of_the_peer_over_all_rounds() -> None:
    assert Effort(minutes=5, rounds=5).round_s == 60


def test_a_figure_is_the_median_with_its_spread() -> None:
    figure = median_of("ours", [3.0, 1.0, 2.0])

    assert (figure.value, figure.least, figure.most) == (2, 1, 3)


def test_the_newest_result_of_a_piece_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(results, "CACHE", tmp_path)
    monkeypatch.setattr(results, "RESULTS", tmp_path / "results.jsonl")
    for value in (1.0, 2.0):
        save(measured("speed", Figure(what="ours", value=value)), "full")
    save(measured("speed", Figure(what="ours", value=3.0)), "small")

    (found,) = newest("full")
    assert found.figures[0].value == 2
    assert "torch" in found.versions
    assert "cores" in found.machine


def test_tables_replace_those_of_the_page_and_nothing_else(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"before\n{BEGIN}old\n{END}after\n")
    found = measured("end_to_end", median_of("ours", [1.5], goal="at least 1.4"))

    write_page([found], page)
    write_page([found], page)

    text = page.read_text()
    assert text == f"before\n{BEGIN}{markdown([found])}{END}after\n"
    assert "### End to end, short" in text
    assert "| ours | 1.5 times | 1.5 | 1.5 | at least 1.4 |  |" in text


def test_a_description_is_its_summary_and_its_paragraphs() -> None:
    lists = "Package: a\nDescription-en: small tool\n It does\n a thing.\n .\n And more.\n\n"

    assert list(parse_descriptions(lists)) == ["small tool. It does a thing. And more."]


def test_a_man_page_loses_its_requests_and_escapes() -> None:
    page = '.\\" a comment\n.TH LS 1\n.SH NAME\nls \\- list \\fIall\\fR files\n'

    assert without_troff(page).split() == ["ls", "-", "list", "all", "files"]


@pytest.mark.parametrize(
    ("operator", "kind"),
    [
        ("aten::addmm", "matrix products"),
        ("aten::add_", "additions"),
        ("aten::_scaled_dot_product_flash_attention_for_cpu", "attention"),
        ("aten::native_layer_norm", "layer norm"),
        ("aten::copy_", "copies"),
        ("aten::mul", "other operators"),
    ],
)
def test_an_operator_is_of_one_kind(operator: str, kind: str) -> None:
    assert kind_of(operator) == kind
