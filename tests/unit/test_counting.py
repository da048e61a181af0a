"""The tokens of texts, counted by hand with a tokenizer of whole words: w0 is id 4, w1 id 5, ..."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from embedding import EncoderSpec, TokenCounts, counting, load_counter

UNKNOWN, CLS, SEP = 1, 2, 3


def count(folder: Path, *groups: Sequence[str]) -> TokenCounts:
    counter = load_counter(EncoderSpec(model=str(folder)))
    for texts in groups:
        counter.add(texts)
    return counter.counts()


def present(counts: np.ndarray) -> dict[int, int]:
    return {int(token): int(counts[token]) for token in counts.nonzero()[0]}


def assert_same(found: TokenCounts, expected: TokenCounts) -> None:
    assert found.num_tokens == expected.num_tokens
    assert found.num_documents == expected.num_documents
    assert present(found.token_counts) == present(expected.token_counts)
    assert present(found.document_counts) == present(expected.document_counts)


def test_tokens_and_documents_are_counted_and_special_tokens_once_a_document(
    make_folder: Any,
) -> None:
    found = count(make_folder("bert"), ["w0 w1 w0", "w1", "nowhere w1"])

    assert present(found.token_counts) == {UNKNOWN: 1, CLS: 3, SEP: 3, 4: 2, 5: 3}
    assert present(found.document_counts) == {UNKNOWN: 1, CLS: 3, SEP: 3, 4: 1, 5: 3}
    assert (found.num_tokens, found.num_documents) == (6, 3)
    assert len(found.token_counts) == len(found.document_counts) == 64


def test_a_text_without_a_token_is_no_document(make_folder: Any) -> None:
    found = count(make_folder("bert"), ["w0", " "])

    assert (found.num_tokens, found.num_documents) == (1, 1)
    assert present(found.document_counts) == {CLS: 1, SEP: 1, 4: 1}


def test_every_row_counts_duplicates_too(make_folder: Any) -> None:
    found = count(make_folder("bert"), ["w0", "w0"])

    assert (found.num_documents, found.document_counts[4]) == (2, 2)


def test_a_text_is_counted_whole_however_little_is_read_of_it(make_folder: Any) -> None:
    found = count(make_folder("bert"), [" ".join(["w0"] * 100)])  # the model reads 32

    assert (found.num_tokens, found.token_counts[4]) == (100, 100)


def test_the_prompt_is_not_counted(make_folder: Any) -> None:
    counter = load_counter(EncoderSpec(model=str(make_folder("bert")), prompt="w1 "))
    counter.add(["w0"])

    assert present(counter.counts().token_counts) == {CLS: 1, SEP: 1, 4: 1}


def test_the_grouping_of_texts_changes_nothing(
    make_folder: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = make_folder("bert")
    texts = [f"w{n % 7} w{n % 5} w{n % 3} other" for n in range(50)]
    expected = count(folder, texts)

    assert_same(count(folder, *([text] for text in texts)), expected)
    monkeypatch.setattr(counting, "SLICE_TEXTS", 3)
    assert_same(count(folder, texts[:20], [], texts[20:]), expected)


def test_a_huge_text_is_one_document_though_it_is_counted_in_pieces(
    make_folder: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = make_folder("bert")
    texts = ["w1", " ".join(f"w{n % 7}" for n in range(200)), "w2 w3"]
    expected = count(folder, texts)
    monkeypatch.setattr(counting, "SLICE_CHARACTERS", 50)

    assert_same(count(folder, texts), expected)


def test_a_tokenizer_with_more_ids_than_the_model_is_refused(make_folder: Any) -> None:
    folder = make_folder("bert", vocab_size=40)

    with pytest.raises(ValueError, match="ids up to 63, but its config states 40"):
        load_counter(EncoderSpec(model=str(folder)))
