"""Long texts in windows, worked out by hand: where they are cut, and what becomes of each.

Eight tokens are read at once: [CLS] (id 2), six words, [SEP] (id 3). Words are w0 (id 4), w1 (id
5), ...; the state of a token is (its id, its position in the window, the layer, 2).
"""

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import torch

from embedding import Encoder
from pooling import Fitted, PoolingSpec, Sizes, TextPooler

MakeEncoder = Callable[..., Encoder]
RAW = {"normalize": False}
MEAN = PoolingSpec(**RAW)


def words(count: int) -> str:
    return " ".join(f"w{i}" for i in range(count))


# Texts of max-1, max and max+1 tokens, and of ten windows.
BY_HAND = [
    # [CLS] w0..w4 [SEP]
    (5, 0, "mean", 1, [(2 + 30 + 3) / 7, 21 / 7]),
    # [CLS] w0..w5 [SEP]
    (6, 0, "mean", 1, [(2 + 39 + 3) / 8, 28 / 8]),
    (6, 2, "mean", 1, [(2 + 39 + 3) / 8, 28 / 8]),
    # the same, and [CLS] w6 [SEP]
    (7, 0, "mean", 2, [(44 + 2 + 10 + 3) / 11, (28 + 3) / 11]),
    (7, 0, "max", 2, [(8 * 9 + 3 * 10) / 11, (8 * 7 + 3 * 2) / 11]),
    (7, 0, "cls", 2, [2, 0]),
    (7, 0, "last_token", 2, [3, (8 * 7 + 3 * 2) / 11]),
    # the same, and [CLS] w4 w5 w6 [SEP]
    (7, 2, "mean", 2, [(44 + 2 + 27 + 3) / 13, (28 + 10) / 13]),
    (7, 2, "max", 2, [(8 * 9 + 5 * 10) / 13, (8 * 7 + 5 * 4) / 13]),
    (7, 2, "cls", 2, [2, 0]),
    (7, 2, "last_token", 2, [3, (8 * 7 + 5 * 4) / 13]),
    # nine times six words, and w54
    (55, 0, "mean", 10, [(sum(range(4, 59)) + 10 * 5) / 75, (9 * 28 + 3) / 75]),
    (55, 0, "max", 10, [(8 * sum(range(9, 58, 6)) + 3 * 58) / 75, (9 * 8 * 7 + 3 * 2) / 75]),
    (55, 0, "last_token", 10, [3, (9 * 8 * 7 + 3 * 2) / 75]),
    # windows from w0, w4, ..., w32, of six words each, and w36 w37 w38
    (39, 2, "mean", 10, [(sum(44 + 24 * j for j in range(9)) + 128) / 77, (9 * 28 + 10) / 77]),
    (39, 2, "max", 10, [(8 * sum(range(9, 42, 4)) + 5 * 42) / 77, (9 * 8 * 7 + 5 * 4) / 77]),
    (39, 2, "cls", 10, [2, 0]),
]


@pytest.mark.parametrize(("num_words", "overlap", "strategy", "n_windows", "expected"), BY_HAND)
def test_windows_are_pooled_one_by_one_and_weighted_by_their_tokens(
    num_words: int,
    overlap: int,
    strategy: str,
    n_windows: int,
    expected: list[float],
    make_windows: MakeEncoder,
) -> None:
    pooling = PoolingSpec(strategy=strategy, **RAW)
    encoder = make_windows(window_overlap=overlap)
    (found,) = encoder.encode_groups([[words(num_words)]], [pooling])
    np.testing.assert_allclose(found.vectors[0], [[*expected, 2]], rtol=1e-6)
    assert found.n_windows.tolist() == [n_windows]
    assert found.n_tokens.tolist() == [num_words + 2]
    assert found.truncated.tolist() == [False]
    assert (found.n_content, found.n_unknown.tolist()) == (num_words, [0])


@pytest.mark.parametrize(("over", "expected"), [("mean", [64 / 7, 37 / 7, 2]), ("max", [10, 6, 2])])
def test_special_tokens_that_do_not_count_do_not_weigh(
    over: str, expected: list[float], make_windows: MakeEncoder
) -> None:
    settings = {"strategy": "last_token", "special_tokens": False, "over_windows": over, **RAW}
    vectors = make_windows().encode([words(7)], PoolingSpec.model_validate(settings))
    np.testing.assert_allclose(vectors, [expected], rtol=1e-6)  # w5, at 6, of six; w6 at 1, of one


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        # [CLS] w50 w51 w0 w1 w2 w3 [SEP], and [CLS] w50 w51 w4 [SEP]
        ({}, [(2 + 109 + 22 + 3 + 2 + 109 + 8 + 3) / 13, (28 + 10) / 13]),
        ({"special_tokens": False}, [(109 + 22 + 109 + 8) / 9, (21 + 6) / 9]),
        ({"prompt_tokens": False}, [(22 + 3 + 8 + 3) / 7, (3 + 4 + 5 + 6 + 7 + 3 + 4) / 7]),
        ({"special_tokens": False, "prompt_tokens": False}, [(22 + 8) / 5, (18 + 3) / 5]),
    ],
)
def test_each_window_has_the_prompt(
    settings: dict[str, bool], expected: list[float], make_windows: MakeEncoder
) -> None:
    encoder = make_windows(prompt="w50 w51 ")
    (found,) = encoder.encode_groups([[words(5)]], [PoolingSpec(**RAW, **settings)])
    np.testing.assert_allclose(found.vectors[0], [[*expected, 2]], rtol=1e-6)
    assert (found.n_windows.tolist(), found.n_tokens.tolist()) == ([2], [9])


@pytest.mark.parametrize(("overlap", "kept"), [(0, 18), (2, 14)])
def test_more_windows_than_allowed_are_cut_off(
    overlap: int, kept: int, make_windows: MakeEncoder
) -> None:
    encoder = make_windows(window_overlap=overlap, max_windows=3)
    texts = [words(kept), words(kept + 1), words(55)]
    (found,) = encoder.encode_groups([texts], [MEAN])
    assert found.n_windows.tolist() == [3, 3, 3]
    assert found.truncated.tolist() == [False, True, True]
    assert found.n_tokens.tolist() == [kept + 2, kept + 3, 57]
    assert found.vectors[0][0].tolist() == found.vectors[0][1].tolist()


def test_learned_weights_of_windows_are_those_of_attention(make_windows: MakeEncoder) -> None:
    spec = PoolingSpec(over_windows="attention", weights="mine", special_tokens=False, **RAW)
    pooler, fitted = fresh(spec)
    vectors = make_windows().encode([words(8), "w1"], spec, fitted={"mine": fitted})
    windows = torch.tensor([[6.5, 3.5, 2.0], [10.5, 1.5, 2.0]])  # means of w0..w5, and of w6 w7
    assert pooler.windows is not None
    scores = pooler.windows.layers(windows)
    expected = (scores.softmax(dim=0) * windows).sum(dim=0)
    np.testing.assert_allclose(vectors[0], expected.detach(), rtol=1e-5)
    assert vectors[1].tolist() == [5, 1, 2]


def test_a_fitted_strategy_pools_each_window(make_windows: MakeEncoder) -> None:
    spec = PoolingSpec(strategy="attention", weights="mine", **RAW)
    pooler, fitted = fresh(spec)
    (vector,) = make_windows().encode([words(7)], spec, fitted={"mine": fitted})
    first = torch.tensor([[i, p, 2.0] for p, i in enumerate([2, *range(4, 10), 3])])
    second = torch.tensor([[i, p, 2.0] for p, i in enumerate([2, 10, 3])])
    parts = [(pooler.tokens.layers(w).softmax(dim=0) * w).sum(dim=0) for w in (first, second)]
    np.testing.assert_allclose(vector, ((8 * parts[0] + 3 * parts[1]) / 11).detach(), rtol=1e-5)


def fresh(spec: PoolingSpec) -> tuple[Any, Fitted]:
    torch.manual_seed(0)
    pooler = TextPooler(spec, Sizes(hidden=3, vocabulary=64))
    return pooler, pooler.to_fitted()


@pytest.mark.parametrize("overlap", [0, 1, 5])
def test_every_window_of_a_text_brings_something_new(
    overlap: int, make_windows: MakeEncoder
) -> None:
    tokenizer = make_windows(window_overlap=overlap).parts.tokenizer
    for count in range(1, 60):
        texts = tokenizer.tokenize([words(count)])
        windows = tokenizer.window_cut.cut(texts, np.array([0]))
        ends = [windows.rows.ids[end - 1] for end in windows.rows.offsets[1:]]
        assert all(after > before for before, after in pairwise(ends))
        assert ends[-1] == 3 + count


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"window_overlap": 6}, r"window_overlap=6 leaves no room: .* max_tokens=8 has 6\. Lower"),
        ({"window_overlap": 4, "prompt": "w1 w2 "}, r"window_overlap=4 .* \('w1 w2 '\) .* has 4"),
        ({"window_overlap": 4, "query_prompt": "w1 w2 "}, r"=4 .* \('w1 w2 '\) .* has 4"),
    ],
)
def test_an_overlap_that_leaves_no_room_is_refused(
    settings: dict[str, Any], message: str, make_windows: MakeEncoder
) -> None:
    with pytest.raises(ValueError, match=message):
        make_windows(**settings)


def test_a_way_over_windows_is_refused_where_there_are_none(
    make_arithmetic_encoder: MakeEncoder,
) -> None:
    with pytest.raises(
        ValueError, match=r"over_windows='max'.*Set encoder.long_texts to 'windows'"
    ):
        make_arithmetic_encoder().encode(["w0"], PoolingSpec(over_windows="max"))
