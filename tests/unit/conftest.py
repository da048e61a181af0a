"""A small corpus with its store, and what the tokenizer was given."""

import pytest

from embedding.tokenizer import TextTokenizer
from tests.small_corpus import small  # noqa: F401 - a fixture


@pytest.fixture
def tokenised_lengths(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many characters each text has that the tokenizer itself is given."""
    seen: list[int] = []
    encode = TextTokenizer._encode

    def count(tokenizer: TextTokenizer, texts: list[str]) -> list[list[int]]:
        seen.extend(map(len, texts))
        return encode(tokenizer, texts)

    monkeypatch.setattr(TextTokenizer, "_encode", count)
    return seen
