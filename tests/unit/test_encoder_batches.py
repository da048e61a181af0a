"""The order of texts, the size of batches, and where each id lies.

Words are w0 (id 4), w1 (id 5), ...; [CLS] is 2 and [SEP] 3. The state of a token is (its id, its
position, the layer); padding is NaN.
"""

from collections.abc import Callable, Sequence
from typing import cast

import numpy as np
import pytest

from embedding import Encoder
from embedding.batches import batch_cost, order_longest_first, pack_batch, texts_that_fit
from embedding.template import Template
from embedding.tokenized import TokenizedTexts
from pooling import POOLERS, PoolingSpec

MakeEncoder = Callable[..., Encoder]
RAW = {"normalize": False}
WITHOUT_WEIGHTS = [name for name in POOLERS if not PoolingSpec(strategy=name).needs_weights]


def tokenized(rows: Sequence[Sequence[int]], prompts: Sequence[int] = ()) -> TokenizedTexts:
    lengths = [len(row) for row in rows]
    return TokenizedTexts(
        ids=np.array([i for row in rows for i in row], dtype=np.int32),
        offsets=np.cumsum([0, *lengths], dtype=np.int64),
        prompt_tokens=np.array(prompts or [0] * len(rows), dtype=np.int32),
        n_tokens=np.array(lengths, dtype=np.int32),
        truncated=np.zeros(len(rows), dtype=np.bool_),
        n_unknown=np.zeros(len(rows), dtype=np.int32),
    )


def test_the_longest_come_first_and_equal_ones_keep_their_order() -> None:
    assert order_longest_first(tokenized([[5], [5, 6], [7], [8, 9]])).tolist() == [1, 3, 0, 2]


def test_texts_without_content_are_in_no_batch() -> None:
    assert order_longest_first(tokenized([[], [5], [9]], prompts=[0, 0, 1])).tolist() == [1]


@pytest.mark.parametrize(("width", "fit"), [(16, 256), (128, 28), (512, 5), (4_096, 1)])
def test_the_budget_counts_the_square_of_the_length(width: int, fit: int) -> None:
    assert texts_that_fit(width, 4_096) == fit
    assert fit == 1 or batch_cost(fit, width) <= 4_096 < batch_cost(fit + 1, width)


def test_each_id_has_its_text_its_place_and_its_role() -> None:
    template = Template((2,), (3, 7), (0,), 0, (0, 1), -1)
    texts = tokenized([[10, 11], [20], [30, 31, 32]], prompts=[1, 0, 2])
    batch = pack_batch(texts, np.array([2, 0]), template)
    assert batch.ids.tolist() == [2, 30, 31, 32, 3, 7, 2, 10, 11, 3, 7]
    assert batch.segment.tolist() == [0] * 6 + [1] * 5
    assert batch.position.tolist() == [0, 1, 2, 3, 4, 5, 0, 1, 2, 3, 4]
    assert batch.types.tolist() == [0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1]
    assert batch.special.tolist() == [
        True,
        *[False] * 3,
        True,
        True,
        True,
        *[False] * 2,
        True,
        True,
    ]
    assert batch.prompt.tolist() == [True, True, True, *[False] * 3, True, True, *[False] * 3]
    assert batch.cls is not None
    assert np.flatnonzero(batch.cls).tolist() == [5, 10]
    assert batch.width == 6


def test_padding_is_never_pooled(make_arithmetic_encoder: MakeEncoder) -> None:
    encoder = make_arithmetic_encoder()
    texts = ["w0", "w1 w2 w3 w6", "w5 w6"]
    poolings = [PoolingSpec(strategy=name, **RAW) for name in WITHOUT_WEIGHTS]
    (found,) = encoder.encode_groups([texts], poolings)
    vectors = dict(zip(WITHOUT_WEIGHTS, found.vectors, strict=True))
    assert vectors["mean"].tolist() == [[3, 1, 2], [5.5, 2.5, 2], [6, 1.5, 2]]
    assert vectors["max"][:, 1].tolist() == [2, 5, 3]
    assert vectors["cls"].tolist() == [[2, 0, 2]] * 3
    assert vectors["last_token"].tolist() == [[3, 2, 2], [3, 5, 2], [3, 3, 2]]
    assert not any(bad.any() for bad in found.bad)


def test_cls_is_where_the_tokenizer_puts_it(make_arithmetic_encoder: MakeEncoder) -> None:
    encoder = make_arithmetic_encoder("$A:0 [SEP]:0 [CLS]:2")
    vectors = encoder.encode(["w0", "w1 w2 w3"], PoolingSpec(strategy="cls", **RAW))
    assert vectors.tolist() == [[2, 2, 2], [2, 4, 2]]


def test_cls_is_refused_where_the_tokenizer_adds_none(
    make_arithmetic_encoder: MakeEncoder,
) -> None:
    encoder = make_arithmetic_encoder("$A [SEP]")
    with pytest.raises(ValueError, match=r"pooling 'cls': .* adds no classification token"):
        encoder.encode_groups([["w0"]], [PoolingSpec(), PoolingSpec(strategy="cls")])


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, [(2 + 4 + 5 + 6 + 3) / 5, 2, 2]),  # [CLS] w0 w1 w2 [SEP], of which w0 is the prompt
        ({"special_tokens": False}, [(4 + 5 + 6) / 3, 2, 2]),
        ({"prompt_tokens": False}, [(5 + 6 + 3) / 3, 3, 2]),
        ({"special_tokens": False, "prompt_tokens": False}, [(5 + 6) / 2, 2.5, 2]),
    ],
)
def test_special_and_prompt_tokens_can_be_left_out(
    fields: dict[str, bool], expected: list[float], make_arithmetic_encoder: MakeEncoder
) -> None:
    encoder = make_arithmetic_encoder(prompt="w0 ")
    vectors = encoder.encode(["w1 w2"], PoolingSpec(**RAW, **fields))
    np.testing.assert_allclose(vectors, [expected], rtol=1e-6)


@pytest.mark.parametrize(
    ("layers", "combine", "expected"),
    [
        ((-1,), "mean", [3, 1, 2]),
        ((0,), "mean", [3, 1, 0]),
        ((0, 1), "mean", [3, 1, 0.5]),
        ((0, -1), "mean", [3, 1, 1]),
        ((1, -1), "concat", [3, 1, 1, 3, 1, 2]),
        ((-1, 1), "concat", [3, 1, 2, 3, 1, 1]),
    ],
)
def test_layers_are_combined_before_tokens_are_reduced(
    layers: tuple[int, ...],
    combine: str,
    expected: list[float],
    make_arithmetic_encoder: MakeEncoder,
) -> None:
    pooling = PoolingSpec.model_validate({"layers": layers, "combine": combine, **RAW})
    assert make_arithmetic_encoder().encode(["w0"], pooling).tolist() == [expected]


def test_a_mix_weighs_its_layers_in_proportion(make_arithmetic_encoder: MakeEncoder) -> None:
    pooling = PoolingSpec(layers=(0, 2), combine="mix", mix_weights=(1, 3), **RAW)
    vectors = make_arithmetic_encoder().encode(["w0"], pooling)
    assert vectors.tolist() == [[3, 1, (1 * 0 + 3 * 2) / 4]]  # the third number is the layer's


def test_the_cut_comes_before_the_scaling(make_arithmetic_encoder: MakeEncoder) -> None:
    pooling = PoolingSpec(strategy="last_token", dimensions=2)
    vectors = make_arithmetic_encoder().encode(["w0 w1 w2"], pooling)  # [SEP], position 4
    assert vectors.tolist() == pytest.approx(np.array([[0.6, 0.8]]))


def test_float16_is_the_last_step(make_arithmetic_encoder: MakeEncoder) -> None:
    pooling = PoolingSpec(precision="float16", **RAW)
    vectors = make_arithmetic_encoder().encode(["w0", "w1"], pooling)
    assert vectors.dtype == np.float16
    assert vectors.tolist() == [[3, 1, 2], [np.float16(10 / 3), 1, 2]]


def test_every_pooling_is_taken_from_the_same_pass(make_arithmetic_encoder: MakeEncoder) -> None:
    encoder = make_arithmetic_encoder(budget=16)
    texts = [f"w{i}" for i in range(10)]  # three tokens each, five texts to a batch
    poolings = [PoolingSpec(strategy=name) for name in WITHOUT_WEIGHTS]
    poolings += [PoolingSpec(layers=(0,)), PoolingSpec(special_tokens=False)]
    list(encoder.encode_groups([texts], poolings))
    sizes = cast("list[tuple[int, int]]", encoder.parts.transformer.module.sizes)
    assert sizes == [(5, 3), (5, 3)]


def test_a_text_above_the_budget_is_a_batch_of_its_own(
    make_arithmetic_encoder: MakeEncoder,
) -> None:
    encoder = make_arithmetic_encoder(budget=10)
    encoder.encode(["w0", "w1 " * 20, "w2", "w3 " * 9, "w4", "w5"])
    assert encoder.parts.transformer.module.sizes == [(1, 22), (1, 11), (3, 3), (1, 3)]
