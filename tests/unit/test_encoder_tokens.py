"""Tokens and lengths: what is cut, what is counted, and what a tokenizer file may not decide.

Words are w0 (id 4), w1 (id 5), ...; [CLS] is 2 and [SEP] 3. The real tokenizers are MiniLM's, whose
file declares padding and truncation at 128, and the byte-level one made here.
"""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import AutoTokenizer

from embedding import Encoder, EncoderSpec, load_encoder
from embedding.template import Template
from embedding.tokenizer import TextTokenizer
from pooling import PoolingSpec

MakeFolder = Callable[..., Path]
NO_TEMPLATE = Template((), (), (), 0, (), None)


@pytest.fixture
def words(make_folder: MakeFolder) -> TextTokenizer:
    """Reads 8 tokens: [CLS], six words, [SEP]."""
    return load_encoder(EncoderSpec(model=str(make_folder()), max_tokens=8)).parts.tokenizer


@pytest.mark.parametrize(
    ("num_words", "kept", "is_cut"), [(5, 5, False), (6, 6, False), (7, 6, True)]
)
def test_a_text_is_cut_only_above_the_maximum(
    num_words: int, kept: int, is_cut: bool, words: TextTokenizer
) -> None:
    found = words.tokenize([" ".join(f"w{i}" for i in range(num_words))])
    assert found.ids.tolist() == [4, 5, 6, 7, 8, 9][:kept]
    assert found.n_tokens.tolist() == [num_words + 2]
    assert found.truncated.tolist() == [is_cut]


@pytest.mark.parametrize("num_tokens", [255, 256, 257])
def test_cutting_gives_the_ids_that_transformers_gives(
    num_tokens: int, minilm: Path, minilm_encoder: Encoder
) -> None:
    text = "dog " * (num_tokens - 2)
    expected = AutoTokenizer.from_pretrained(minilm)(text, truncation=True, max_length=256)
    found = minilm_encoder.parts.tokenizer.tokenize([text])
    assert [101, *found.ids.tolist(), 102] == expected["input_ids"]
    assert found.n_tokens.tolist() == [num_tokens]


def test_a_tokenizer_file_cannot_pad_or_cut_by_itself(
    minilm: Path, minilm_encoder: Encoder
) -> None:
    declared = Tokenizer.from_file(str(minilm / "tokenizer.json"))
    assert declared.padding is not None
    assert declared.truncation is not None
    assert (declared.padding["length"], declared.truncation["max_length"]) == (128, 128)
    short, long = "dog", "dog " * 200
    found = minilm_encoder.parts.tokenizer.tokenize([short, long])
    assert found.lengths.tolist() == [1, 200]
    assert found.n_tokens.tolist() == [3, 202]
    assert found.truncated.tolist() == [False, False]


def test_special_tokens_survive_the_cut(make_arithmetic_encoder: Callable[..., Encoder]) -> None:
    encoder = make_arithmetic_encoder(max_tokens=4)
    last = PoolingSpec(strategy="last_token", normalize=False)
    assert encoder.encode(["w0 w1 w2 w3 w4"], last).tolist() == [[3, 3, 2]]  # [SEP], position 3


def test_texts_without_a_token_of_content_are_told_apart(minilm_encoder: Encoder) -> None:
    found = minilm_encoder.parts.tokenizer.tokenize(["\u200b\u200d", "a", "\x00\x1f", ""])
    assert found.no_tokens.tolist() == [True, False, True, True]


def test_a_prompt_is_no_content(minilm_encoder: Encoder) -> None:
    found = minilm_encoder.parts.tokenizer.tokenize(["\u200b", "a b"], prompt="query: ")
    assert found.no_tokens.tolist() == [True, False]
    assert found.prompt_tokens.tolist() == [2, 2]
    assert (found.n_content, found.n_tokens.tolist()) == (2, [4, 6])


def test_a_space_that_ends_the_prompt_does_not_swallow_a_word() -> None:
    vocabulary = [("<unk>", 0.0), ("\u2581a:", -1.0), ("\u2581", -2.0), ("\u2581b", -1.0)]
    backend = Tokenizer(models.Unigram(vocabulary, unk_id=0))
    backend.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer = TextTokenizer(backend, NO_TEMPLATE, 0, 8, gives_types=False)
    assert backend.encode("a: ").ids == [1, 2]  # the prompt alone ends in a token of its own
    found = tokenizer.tokenize(["b"], prompt="a: ")
    assert (found.ids.tolist(), found.prompt_tokens.tolist()) == ([1, 3], [1])


def test_a_prompt_that_leaves_no_room_is_refused(make_folder: MakeFolder) -> None:
    spec = EncoderSpec(model=str(make_folder()), max_tokens=4, prompt="w1 w2 ")
    with pytest.raises(ValueError, match=r"take 4 tokens of max_tokens=4: no room"):
        load_encoder(spec)


def test_unknown_words_are_counted_per_text(words: TextTokenizer) -> None:
    found = words.tokenize(["w1 what is w2", "", "w3 this"])
    assert (found.n_unknown.tolist(), found.n_content) == ([2, 0, 1], 6)


def test_unknown_words_of_the_prompt_or_behind_the_cut_are_not_counted(
    words: TextTokenizer,
) -> None:
    found = words.tokenize(["w1 what w2 w3 is"], prompt="this ")
    assert (found.n_unknown.tolist(), found.prompt_tokens.tolist()) == ([2], [1])
    cut = words.tokenize(["w1 what w2 w3 w4 w5 is"], prompt="this ")
    assert (cut.n_unknown.tolist(), cut.truncated.tolist()) == ([1], [True])


def test_a_tokenizer_that_knows_everything_counts_no_unknown_words(words: TextTokenizer) -> None:
    found = replace(words, unknown=None).tokenize(["w1 what"])
    assert found.n_unknown.tolist() == [0]


def test_no_texts_give_no_tokens(words: TextTokenizer) -> None:
    found = words.tokenize([])
    assert (len(found.ids), found.offsets.tolist(), len(found.n_tokens)) == (0, [0], 0)


def test_slices_of_texts_are_joined_in_order(
    words: TextTokenizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = ["w0", "w1 w2", "", "w3", "w4 w5 w6"]
    whole = words.tokenize(texts)
    monkeypatch.setattr("embedding.tokenizer.SLICE_TEXTS", 2)
    sliced = words.tokenize(texts)
    assert sliced.ids.tolist() == whole.ids.tolist() == [4, 5, 6, 7, 8, 9, 10]
    assert sliced.offsets.tolist() == whole.offsets.tolist() == [0, 1, 3, 3, 4, 7]


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("[CLS] $A [SEP]", Template((2,), (3,), (0,), 0, (0,), 0)),
        ("$A:0 [SEP]:0 [CLS]:2", Template((), (3, 2), (), 0, (0, 2), -1)),
        ("$A [SEP]", Template((), (3,), (), 0, (0,), None)),
        ("$A", Template((), (), (), 0, (), None)),
    ],
)
def test_the_template_is_read_from_the_tokenizer(
    template: str, expected: Template, make_arithmetic_encoder: Callable[..., Encoder]
) -> None:
    assert make_arithmetic_encoder(template).parts.tokenizer.template == expected
