"""What holds of every strategy in the table, whatever the numbers are."""

from functools import cache

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from pooling import POOLERS, PoolingSpec, TextPooler, pool_padded
from tests.token_batches import HIDDEN, build_fresh, draw_texts, ids_of, pack

TOLERANCE = 1e-6
# Where powers cancel, the root of gem enlarges what float32 loses when the order of a sum changes.
TOLERANCES = {"gem": 1e-4}

# A newcomer is held to every law; what is exempt says so here.
ORDER_COUNTS = {"cls", "last_token", "weighted_mean", "pooler"}
ORDER_COUNTS |= {"text_cnn", "dpcnn", "bilstm", "bilstm_attention", "text_rcnn"}
ORDER_COUNTS |= {"hierarchical_attention"}
LEARNED = {"attention", "self_attentive"} | ORDER_COUNTS - {"cls", "last_token", "weighted_mean"}
SCALE_BENDS = LEARNED
NEEDS_A_MODEL = {"pooler"}

every_strategy = pytest.mark.parametrize("name", POOLERS)
some_texts = given(lengths=st.lists(st.integers(1, 9), min_size=1, max_size=6), seed=st.integers(0))
few_examples = settings(max_examples=20, deadline=None, derandomize=True)


@cache
def pooler_of(name: str) -> TextPooler:
    """With its defaults, and fresh weights where it has any."""
    return build_fresh(PoolingSpec(strategy=name))


def pool(name: str, texts: list[Tensor]) -> Tensor:
    return pooler_of(name).pool(pack(texts))


@every_strategy
@few_examples
@some_texts
def test_neighbours_never_change_the_vector(name: str, lengths: list[int], seed: int) -> None:
    texts = draw_texts(lengths, seed)
    alone = torch.cat([pool(name, [text]) for text in texts])
    torch.testing.assert_close(pool(name, texts), alone, rtol=0, atol=TOLERANCE)


@every_strategy
@few_examples
@some_texts
def test_texts_in_another_order_give_vectors_in_that_order(
    name: str, lengths: list[int], seed: int
) -> None:
    texts = draw_texts(lengths, seed)
    backwards = pool(name, texts[::-1]).flip(0)
    torch.testing.assert_close(backwards, pool(name, texts), rtol=0, atol=TOLERANCE)


@pytest.mark.parametrize("name", sorted(POOLERS.keys() - NEEDS_A_MODEL))
@few_examples
@some_texts
def test_padding_never_changes_the_vector(name: str, lengths: list[int], seed: int) -> None:
    texts = draw_texts(lengths, seed)
    padded = torch.full((len(texts), 12, HIDDEN), torch.nan)
    ids = torch.full((len(texts), 12), -1)
    mask = torch.zeros(len(texts), 12, dtype=torch.bool)
    for i, text in enumerate(texts):
        start = i % (12 - len(text))  # some on the left, some on the right, some on both sides
        place = slice(start, start + len(text))
        padded[i, place], ids[i, place], mask[i, place] = text, ids_of(text), True
    vectors = pool_padded(pooler_of(name), padded, mask, ids)
    torch.testing.assert_close(vectors, pool(name, texts), rtol=0, atol=TOLERANCE)


@every_strategy
def test_a_text_of_nan_never_changes_its_neighbours(name: str) -> None:
    before, between, after = draw_texts([4, 6, 3], seed=0)
    spoilt = torch.full_like(between, torch.nan)
    vectors = pool(name, [before, spoilt, after])
    assert vectors[1].isnan().all()
    alone = torch.cat([pool(name, [before]), pool(name, [after])])
    torch.testing.assert_close(vectors[[0, 2]], alone, rtol=0, atol=TOLERANCE)


@pytest.mark.parametrize("name", sorted(POOLERS.keys() - NEEDS_A_MODEL))
def test_half_precision_states_are_reduced_in_float32(name: str) -> None:
    halves = [text.half() for text in draw_texts([4, 1, 9], seed=0)]
    vectors = pool(name, [text.float() for text in halves])
    tolerance = TOLERANCES.get(name, TOLERANCE)
    torch.testing.assert_close(pool(name, halves), vectors, rtol=0, atol=tolerance)


@every_strategy
@few_examples
@some_texts
def test_vectors_are_float32_and_as_wide_as_promised(
    name: str, lengths: list[int], seed: int
) -> None:
    texts = [text.half() for text in draw_texts(lengths, seed)]
    vectors = pool(name, texts)
    width = pooler_of(name).width(HIDDEN)
    assert (vectors.dtype, tuple(vectors.shape)) == (torch.float32, (len(texts), width))


@every_strategy
@few_examples
@some_texts
def test_the_states_are_left_as_they_were(name: str, lengths: list[int], seed: int) -> None:
    batch = pack(draw_texts(lengths, seed))
    before = batch.states.clone()
    pooler_of(name).pool(batch)
    assert torch.equal(batch.states, before)


@pytest.mark.parametrize("name", sorted(POOLERS.keys() - ORDER_COUNTS))
@few_examples
@some_texts
def test_tokens_in_another_order_give_the_same_vector(
    name: str, lengths: list[int], seed: int
) -> None:
    texts = draw_texts(lengths, seed)
    backwards = pool(name, [text.flip(0) for text in texts])
    tolerance = TOLERANCES.get(name, TOLERANCE)
    torch.testing.assert_close(backwards, pool(name, texts), rtol=0, atol=tolerance)


@pytest.mark.parametrize("name", sorted(POOLERS.keys() - SCALE_BENDS))
@pytest.mark.parametrize("scale", [0.01, 3.0, 1000.0])
@few_examples
@some_texts
def test_states_that_are_longer_give_a_vector_that_is_longer_by_as_much(
    name: str, scale: float, lengths: list[int], seed: int
) -> None:
    texts = draw_texts(lengths, seed)
    longer = pool(name, [text * scale for text in texts])
    tolerance = TOLERANCES.get(name, TOLERANCE)
    torch.testing.assert_close(longer / scale, pool(name, texts), rtol=0, atol=tolerance)


@pytest.mark.parametrize("name", sorted(ORDER_COUNTS))
def test_a_strategy_in_which_order_counts_tells_two_orders_apart(name: str) -> None:
    (text,) = draw_texts([5], seed=0)
    assert not torch.allclose(pool(name, [text.flip(0)]), pool(name, [text]))
