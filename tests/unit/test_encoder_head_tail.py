"""Long texts of which the beginning and the end are read: which ids are left, of huge texts too.

Eight tokens are read: [CLS] (id 2), six words, [SEP] (id 3). Words are w0 (id 4), w1 (id 5), ...
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from embedding import Encoder, EncoderSpec
from embedding.huge_texts import cut_tail_at_space
from embedding.long_texts import HeadTail, Windows
from embedding.tokenizer import TextTokenizer
from pooling import PoolingSpec
from tests.unit.test_encoder_huge import HUGE_TEXTS, LONG, NO_TEMPLATE, byte_level

MakeEncoder = Callable[..., Encoder]


def words(count: int) -> str:
    return " ".join(f"w{i}" for i in range(count))


@pytest.mark.parametrize(
    ("num_words", "tail", "kept"),
    [
        (5, None, [4, 5, 6, 7, 8]),
        (6, None, [4, 5, 6, 7, 8, 9]),
        (7, None, [4, 5, 6, 8, 9, 10]),
        (55, None, [4, 5, 6, 56, 57, 58]),
        (55, 2, [4, 5, 6, 7, 57, 58]),
        (55, 5, [4, 54, 55, 56, 57, 58]),
    ],
)
def test_both_ends_are_kept(
    num_words: int, tail: int | None, kept: list[int], make_arithmetic_encoder: MakeEncoder
) -> None:
    encoder = make_arithmetic_encoder(max_tokens=8, long_texts="head_tail", tail_tokens=tail)
    found = encoder.parts.tokenizer.tokenize([words(num_words)])
    assert found.ids.tolist() == kept
    assert found.truncated.tolist() == [num_words > 6]
    assert found.n_tokens.tolist() == [num_words + 2]


def test_the_prompt_is_in_the_beginning(make_arithmetic_encoder: MakeEncoder) -> None:
    encoder = make_arithmetic_encoder(max_tokens=8, long_texts="head_tail", prompt="w50 w51 ")
    pooling = PoolingSpec(special_tokens=False, prompt_tokens=False, normalize=False)
    (found,) = encoder.encode_groups([[words(9)]], [pooling])  # w0 w1 w7 w8: half of four
    np.testing.assert_allclose(found.vectors[0], [[(4 + 5 + 11 + 12) / 4, 4.5, 2]])
    assert (found.n_windows.tolist(), found.truncated.tolist()) == ([1], [True])
    assert (found.n_tokens.tolist(), found.n_content) == ([13], 4)


@pytest.mark.parametrize("tail", [6, 9])
def test_a_tail_that_leaves_no_beginning_is_refused(
    tail: int, make_arithmetic_encoder: MakeEncoder
) -> None:
    with pytest.raises(ValueError, match=f"tail_tokens={tail} leaves no room: .* has 6"):
        make_arithmetic_encoder(max_tokens=8, long_texts="head_tail", tail_tokens=tail)


def tokenizer_of(kind: str, encoder: Encoder, **settings: Any) -> TextTokenizer:
    backend = byte_level() if kind == "byte level" else encoder.parts.tokenizer.backend
    return TextTokenizer(backend, NO_TEMPLATE, None, 64, gives_types=False, **settings)


@pytest.mark.parametrize("text", HUGE_TEXTS.values(), ids=HUGE_TEXTS)
@pytest.mark.parametrize("kind", ["word pieces", "byte level"])
def test_the_ends_of_a_huge_text_have_the_ids_of_the_whole(
    text: str, kind: str, minilm_encoder: Encoder
) -> None:
    tokenizer = tokenizer_of(kind, minilm_encoder, long_texts=HeadTail(tail_tokens=40))
    whole = tokenizer.backend.encode(text, add_special_tokens=False).ids
    found = tokenizer.tokenize([text])
    assert found.ids.tolist() == (whole if len(whole) <= 64 else whole[:24] + whole[-40:])
    assert found.truncated.tolist() == [len(whole) > 64]


@pytest.mark.parametrize("text", HUGE_TEXTS.values(), ids=HUGE_TEXTS)
@pytest.mark.parametrize("kind", ["word pieces", "byte level"])
def test_the_windows_of_a_huge_text_have_the_ids_of_the_whole(
    text: str, kind: str, minilm_encoder: Encoder
) -> None:
    policy = Windows(max_windows=10, overlap=4)
    tokenizer = tokenizer_of(kind, minilm_encoder, long_texts=policy)
    whole = tokenizer.backend.encode(text, add_special_tokens=False).ids
    found = tokenizer.tokenize([text])
    assert found.ids.tolist() == whole[: 64 + 9 * 60]
    assert found.truncated.tolist() == [len(whole) > 64 + 9 * 60]
    assert tokenizer.window_cut.count(found).tolist() == [min(10, max(1, (len(whole) - 5) // 60))]


@pytest.mark.parametrize(
    ("policy", "kept"),
    [(HeadTail(tail_tokens=100), 254), (Windows(max_windows=20), 5_080)],
    ids=["head_tail", "windows"],
)
def test_a_huge_text_is_never_tokenised_whole_whatever_is_read_of_it(
    policy: Any,
    kept: int,
    minilm_encoder: Encoder,
    tokenised_lengths: list[int],
) -> None:
    tokenizer = replace(minilm_encoder.parts.tokenizer, long_texts=policy)
    found = tokenizer.tokenize([LONG * 400_000])  # 32 million characters
    assert sum(tokenised_lengths) < 50_000
    assert (found.n_tokens.tolist(), found.truncated.tolist()) == ([-1], [True])
    assert found.lengths.tolist() == [kept]


def test_one_call_of_the_tokenizer_has_few_characters(
    minilm_encoder: Encoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    tokenizer = minilm_encoder.parts.tokenizer
    texts = ["dog " * n for n in (1, 30, 2, 2, 2, 9)]
    whole = tokenizer.tokenize(texts)
    calls: list[list[int]] = []
    encode = TextTokenizer._encode

    def note(tokenizer: TextTokenizer, texts: list[str]) -> list[list[int]]:
        calls.append([len(text) for text in texts])
        return encode(tokenizer, texts)

    monkeypatch.setattr(TextTokenizer, "_encode", note)
    monkeypatch.setattr("embedding.tokenizer.SLICE_CHARACTERS", 24)
    assert tokenizer.tokenize(texts).ids.tolist() == whole.ids.tolist()
    assert calls == [[4], [120], [8, 8, 8], [36]]


def test_a_tail_begins_with_a_space() -> None:
    assert cut_tail_at_space("one two three", 9) == " three"
    assert cut_tail_at_space("onetwothree", 5) == "three"
    assert cut_tail_at_space("short", 9) == "short"


@pytest.mark.parametrize(
    "settings",
    [
        {"tail_tokens": 3},
        {"long_texts": "windows", "tail_tokens": 3},
        {"long_texts": "head_tail", "window_overlap": 3},
        {"max_windows": 3},
        {"long_texts": "windows", "max_windows": 1},
        {"long_texts": "windows", "window_overlap": -1},
        {"long_texts": "head_tail", "tail_tokens": 0},
        {"long_texts": "split"},
    ],
)
def test_a_setting_is_refused_where_it_means_nothing(settings: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        EncoderSpec.model_validate({"model": "any"} | settings)


def test_the_refusal_says_which_policy_has_the_setting() -> None:
    with pytest.raises(ValidationError, match=r"tail_tokens=3 .* Set long_texts to 'head_tail'"):
        EncoderSpec(model="any", tail_tokens=3)


def test_a_stored_spec_is_read_again_though_it_gives_every_field() -> None:
    for policy in ("truncate", "head_tail", "windows"):
        spec = EncoderSpec.model_validate({"model": "any", "long_texts": policy})
        assert EncoderSpec.model_validate(spec.model_dump(mode="json")) == spec
