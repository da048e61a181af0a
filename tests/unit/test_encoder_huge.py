"""Huge texts: only their head is tokenised, and nobody can tell from the ids.

The tokenizers are MiniLM's (word pieces) and a byte-level one made here, without a template.
"""

import pytest
from tokenizers import Tokenizer, models, pre_tokenizers

from embedding import Encoder
from embedding.huge_texts import cut_at_space
from embedding.template import Template
from embedding.tokenizer import TextTokenizer

LONG = "The quick brown fox, 42 of them (or so), jumped over an unbelievably lazy dog. "
NO_TEMPLATE = Template((), (), (), 0, (), None)


def byte_level() -> Tokenizer:
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {letter: i for i, letter in enumerate(alphabet)}
    merges = [("t", "h"), ("th", "e"), ("\u0120", "the"), ("a", "z"), ("0", "0"), ("00", "00")]
    vocabulary |= {left + right: 256 + i for i, (left, right) in enumerate(merges)}
    backend = Tokenizer(models.BPE(vocabulary, merges))
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    return backend


HUGE_TEXTS = {
    "prose": LONG * 2_000,
    "one word": "x" * 100_000,
    "no spaces": "0123456789abcdef-" * 8_000,
    "chinese": "\u4e2d\u6587\u5b57\u7b26\u3002" * 20_000,
    "spaces": "the " + " " * 50_000 + "end " * 10_000,
    "zero width": "\u200b" * 60_000 + "word " * 10_000,
    "long words": ("y" * 99 + " " + "z" * 101 + " ") * 500,
    "combining": "e\u0301" * 50_000,
}


@pytest.mark.parametrize("text", HUGE_TEXTS.values(), ids=HUGE_TEXTS)
@pytest.mark.parametrize("kind", ["word pieces", "byte level"])
def test_the_head_of_a_huge_text_has_the_ids_of_the_whole(
    text: str, kind: str, minilm_encoder: Encoder
) -> None:
    backend = byte_level() if kind == "byte level" else minilm_encoder.parts.tokenizer.backend
    tokenizer = TextTokenizer(backend, NO_TEMPLATE, None, 64, gives_types=False)
    whole = backend.encode(text, add_special_tokens=False).ids
    found = tokenizer.tokenize([text])
    assert found.ids.tolist() == whole[:64]
    assert found.truncated.tolist() == [len(whole) > 64]
    assert found.n_tokens.tolist() in ([-1], [len(whole)])


@pytest.mark.parametrize("max_tokens", [1, 2, 8, 300])
def test_a_head_grows_past_its_first_space(max_tokens: int, minilm_encoder: Encoder) -> None:
    backend = minilm_encoder.parts.tokenizer.backend
    tokenizer = TextTokenizer(backend, NO_TEMPLATE, None, max_tokens, gives_types=False)
    text = "a " + "b" * 30_000
    assert tokenizer.tokenize([text]).ids.tolist() == [1037, 100][:max_tokens]  # "a", [UNK]


def test_a_huge_text_is_never_tokenised_whole(
    minilm_encoder: Encoder, tokenised_lengths: list[int]
) -> None:
    found = minilm_encoder.parts.tokenizer.tokenize([LONG * 400_000])  # 32 million characters
    assert sum(tokenised_lengths) < 50_000
    assert (found.n_tokens.tolist(), found.truncated.tolist()) == ([-1], [True])
    assert found.lengths.tolist() == [254]


def test_a_head_ends_before_a_space() -> None:
    assert cut_at_space("one two three", 9) == "one two"
    assert cut_at_space("onetwothree", 6) == "onetwo"
    assert cut_at_space("short", 9) == "short"
