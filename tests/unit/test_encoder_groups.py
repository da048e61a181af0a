"""Groups of texts in, results out: order, bounded look-ahead, problems of texts, early ends."""

import threading
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from embedding import Encoder
from pooling import PoolingSpec

MakeEncoder = Callable[..., Encoder]
RAW = PoolingSpec(normalize=False)


def tokenizer_threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name.startswith("tokenizer")]


def test_results_come_in_the_order_of_the_groups(make_arithmetic_encoder: MakeEncoder) -> None:
    encoder = make_arithmetic_encoder()
    groups = [[f"w{i}"] * (i + 1) for i in range(7)]
    found = list(encoder.encode_groups(iter(groups), [RAW]))
    assert [len(result.n_tokens) for result in found] == [1, 2, 3, 4, 5, 6, 7]
    ids = [result.vectors[0][0, 0] for result in found]
    np.testing.assert_allclose(ids, [(2 + 4 + i + 3) / 3 for i in range(7)], rtol=1e-6)


def test_rows_keep_their_place_whatever_their_length(make_arithmetic_encoder: MakeEncoder) -> None:
    encoder = make_arithmetic_encoder(budget=8)
    texts = ["w0", "w1 w1 w1", "w2", "w3 w3", "w4 w4 w4 w4"]
    last_word = PoolingSpec(strategy="last_token", special_tokens=False, normalize=False)
    assert encoder.encode(texts, last_word)[:, 0].tolist() == [4, 5, 6, 7, 8]


def test_only_two_groups_are_taken_ahead_of_the_one_in_work(
    make_arithmetic_encoder: MakeEncoder,
) -> None:
    taken: list[int] = []

    def groups() -> Iterator[list[str]]:
        for i in range(10):
            taken.append(i)
            yield ["w1"]

    ahead = [len(taken) - done for done, _ in enumerate(_encode(make_arithmetic_encoder, groups))]
    assert max(ahead) == 3


def _encode(make: MakeEncoder, groups: Callable[[], Iterator[list[str]]]) -> Iterator[Any]:
    return make().encode_groups(groups(), [RAW])


def test_an_empty_group_gives_an_empty_result(make_arithmetic_encoder: MakeEncoder) -> None:
    (found,) = make_arithmetic_encoder().encode_groups([[]], [RAW, PoolingSpec(strategy="max_min")])
    assert [vectors.shape for vectors in found.vectors] == [(0, 3), (0, 6)]
    assert (found.n_content, len(found.n_unknown)) == (0, 0)


def test_no_groups_give_no_results(make_arithmetic_encoder: MakeEncoder) -> None:
    assert list(make_arithmetic_encoder().encode_groups([], [RAW])) == []


def test_the_result_tells_what_happened_to_each_text(make_arithmetic_encoder: MakeEncoder) -> None:
    encoder = make_arithmetic_encoder(max_tokens=5)
    (found,) = encoder.encode_groups([["w1 huh", "", "w1 w2 w3 w4"]], [RAW])
    assert found.n_tokens.tolist() == [4, 2, 6]
    assert found.truncated.tolist() == [False, False, True]
    assert found.no_tokens.tolist() == [False, True, False]
    assert (found.n_unknown.tolist(), found.n_content) == ([1, 0, 0], 5)
    assert found.device_seconds > 0
    assert found.wait_seconds >= 0


@pytest.mark.parametrize("value", [np.nan, np.inf, 0.0])
@pytest.mark.parametrize("normalize", [True, False])
def test_a_vector_without_direction_is_marked_and_no_other(
    value: float, normalize: bool, make_arithmetic_encoder: MakeEncoder
) -> None:
    encoder = make_arithmetic_encoder(trouble={"poison": value})
    pooling = PoolingSpec(normalize=normalize)
    (found,) = encoder.encode_groups([["w1", "w9", "w2 w3"]], [pooling])
    assert found.bad[0].tolist() == [False, True, False]
    with pytest.raises(ValueError, match=r"1 texts whose vector is not finite or zero: \[1\]"):
        encoder.encode(["w1", "w9", "w2 w3"], pooling)


def test_a_value_beyond_float16_is_marked(make_arithmetic_encoder: MakeEncoder) -> None:
    encoder = make_arithmetic_encoder(trouble={"poison": 70_000.0})
    poolings = [RAW, PoolingSpec(normalize=False, precision="float16")]
    (found,) = encoder.encode_groups([["w9"]], poolings)
    assert [bad.tolist() for bad in found.bad] == [[False], [True]]


def test_encode_names_the_texts_without_a_token(make_arithmetic_encoder: MakeEncoder) -> None:
    with pytest.raises(ValueError, match=r"2 texts without a token: \[0, 2\]\. Leave them out"):
        make_arithmetic_encoder().encode(["", "w1", ""])


def test_encode_refuses_a_text_that_is_not_in_a_list(make_arithmetic_encoder: MakeEncoder) -> None:
    with pytest.raises(ValueError, match=r"Wrap it: encode\(\[text\]\)"):
        make_arithmetic_encoder().encode("w1")


def test_encode_of_nothing_has_the_right_width(make_arithmetic_encoder: MakeEncoder) -> None:
    vectors = make_arithmetic_encoder().encode([], PoolingSpec(precision="float16"))
    assert vectors.shape == (0, 3)
    assert vectors.dtype == np.float16


def test_queries_have_their_own_prompt(make_arithmetic_encoder: MakeEncoder) -> None:
    encoder = make_arithmetic_encoder(prompt="w0 ", query_prompt="w1 ")
    largest = PoolingSpec(strategy="max", normalize=False)
    smallest = PoolingSpec(strategy="min", special_tokens=False, normalize=False)
    assert encoder.encode(["w5"], largest)[0, :2].tolist() == [9, 3]
    assert encoder.encode(["w5"], smallest)[0, 0] == 4
    assert encoder.encode(["w5"], smallest, is_query=True)[0, 0] == 5


def test_the_thread_ends_when_the_consumer_stops_early(
    make_arithmetic_encoder: MakeEncoder,
) -> None:
    results = make_arithmetic_encoder().encode_groups([["w1"]] * 100, [RAW])
    next(results)
    assert tokenizer_threads()
    results.close()
    assert not tokenizer_threads()


def test_the_thread_ends_when_the_device_fails(make_arithmetic_encoder: MakeEncoder) -> None:
    error = RuntimeError("device-side assert")
    encoder = make_arithmetic_encoder(trouble={"capacity": 0, "error": error})
    with pytest.raises(RuntimeError, match="device-side assert"):
        list(encoder.encode_groups([["w1"]] * 9, [RAW]))
    assert not tokenizer_threads()


def test_an_error_of_the_tokenizer_reaches_the_caller(
    make_arithmetic_encoder: MakeEncoder,
) -> None:
    lone_surrogate = "\ud800"
    results = make_arithmetic_encoder().encode_groups([["w1"], [lone_surrogate]], [RAW])
    assert next(results).n_content == 1
    with pytest.raises((TypeError, UnicodeEncodeError)):
        next(results)
    assert not tokenizer_threads()


def test_an_error_of_the_reader_reaches_the_caller(make_arithmetic_encoder: MakeEncoder) -> None:
    def groups() -> Iterator[list[str]]:
        yield ["w1"]
        raise OSError("the disk is gone")

    with pytest.raises(OSError, match="the disk is gone"):
        list(make_arithmetic_encoder().encode_groups(groups(), [RAW]))
    assert not tokenizer_threads()
