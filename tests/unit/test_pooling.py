"""Every strategy on numbers that can be checked by hand, and the traps of its arithmetic."""

import pytest
import torch
from torch import Tensor

from pooling import POOLERS, PoolingSpec, TokenBatch, build_pooler, pool_padded, segments

# Two texts: (1, 8) (3, 2), and (5, 0) (-1, 4) (2, 2).
STATES = torch.tensor([[1.0, 8], [3, 2], [5, 0], [-1, 4], [2, 2]])
SEGMENT = torch.tensor([0, 0, 1, 1, 1])

EXPECTED = {
    "cls": [[1, 8], [5, 0]],
    "mean": [[2, 5], [2, 2]],
    "max": [[3, 8], [5, 4]],
    "min": [[1, 2], [-1, 0]],
    "max_min": [[3, 8, 1, 2], [5, 4, -1, 0]],
    "last_token": [[3, 2], [2, 2]],
    "mean_sqrt_len": [[4 / 2**0.5, 10 / 2**0.5], [6 / 3**0.5, 6 / 3**0.5]],
    "mean_max": [[2, 5, 3, 8], [2, 2, 5, 4]],
    "mean_std": [[2, 5, 1, 3], [2, 2, 6**0.5, (8 / 3) ** 0.5]],
    "weighted_mean": [[(1 + 6) / 3, (8 + 4) / 3], [(5 - 2 + 6) / 6, (0 + 8 + 6) / 6]],
    "gem": [
        [14 ** (1 / 3), 260 ** (1 / 3)],
        [44 ** (1 / 3), 24 ** (1 / 3)],
    ],  # 44: (125 - 1 + 8) / 3
    "top_k_mean": [[2, 5], [2, 2]],  # k = 3: no text has more
    "pooler": [[1, 8], [5, 0]],  # of a model whose pooler leaves the first state as it is
}
OF_STATES_ALONE = sorted(EXPECTED.keys() - {"pooler"})


def batch_of(states: Tensor, segment: Tensor, **others: Tensor) -> TokenBatch:
    return TokenBatch(
        states=states,
        segment=segment,
        n=int(segment.max()) + 1,
        ids=torch.zeros_like(segment),
        counted=others.pop("counted", torch.ones_like(segment, dtype=torch.bool)),
        pooled=states[segments.first_tokens(segment, int(segment.max()) + 1)],
        **others,
    )


def pool(name: str, batch: TokenBatch, **parameters: float) -> Tensor:
    return build_pooler(PoolingSpec(strategy=name, parameters=dict(parameters))).pool(batch)


@pytest.mark.parametrize("name", EXPECTED)
def test_each_strategy_gives_the_vector_worked_out_by_hand(name: str) -> None:
    vectors = pool(name, batch_of(STATES, SEGMENT))
    torch.testing.assert_close(vectors, torch.tensor(EXPECTED[name]).float())


def test_every_strategy_without_weights_has_an_expected_vector() -> None:
    without = {name for name in POOLERS if not PoolingSpec(strategy=name).needs_weights}
    assert set(EXPECTED) == without


@pytest.mark.parametrize("name", OF_STATES_ALONE)
@pytest.mark.parametrize("mask", [[[1, 1, 0], [1, 1, 1]], [[0, 1, 1], [1, 1, 1]]])
def test_nan_in_padding_on_either_side_never_shows(name: str, mask: list[list[int]]) -> None:
    is_real = torch.tensor(mask).bool()
    padded = torch.full((2, 3, 2), torch.nan)
    padded[is_real] = STATES
    vectors = pool_padded(build_pooler(PoolingSpec(strategy=name)), padded, is_real)
    torch.testing.assert_close(vectors, torch.tensor(EXPECTED[name]).float())


@pytest.mark.parametrize("name", EXPECTED)
def test_nan_in_a_real_token_is_never_hidden(name: str) -> None:
    vectors = pool(name, batch_of(torch.full((2, 2), torch.nan), torch.tensor([0, 0])))
    assert vectors.isnan().all()


@pytest.mark.parametrize("name", sorted(EXPECTED.keys() - {"cls", "last_token", "pooler"}))
def test_one_nan_among_numbers_is_not_passed_over(name: str) -> None:
    states = torch.tensor([[1.0], [torch.nan], [3.0]])
    assert pool(name, batch_of(states, torch.tensor([0, 0, 0]))).isnan().all()


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_512_half_precision_tokens_of_200_have_the_mean_200(dtype: torch.dtype) -> None:
    states = torch.full((512, 3), 200.0).to(dtype)  # their sum, 102,400, is beyond float16
    vectors = pool("mean", batch_of(states, torch.zeros(512, dtype=torch.int64)))
    assert vectors.dtype == torch.float32
    assert vectors.tolist() == [[200.0] * 3]


def test_512_half_precision_tokens_of_300_have_the_weighted_mean_300() -> None:
    states = torch.full((512, 3), 300.0).half()  # 512 * 300 alone is beyond float16
    vectors = pool("weighted_mean", batch_of(states, torch.zeros(512, dtype=torch.int64)))
    assert vectors.tolist() == [[300.0] * 3]


def test_the_deviation_of_large_states_is_exact() -> None:
    states = torch.tensor([[10_000.0], [10_002.0]])  # their squares differ from the mean's by 1
    assert pool("mean_std", batch_of(states, torch.tensor([0, 0]))).tolist() == [[10_001.0, 1.0]]


def test_a_batch_without_a_model_has_no_pooler() -> None:
    mask = torch.ones(1, 2, dtype=torch.bool)
    with pytest.raises(ValueError, match=r"'pooler' is the model's own.*such as cls"):
        pool_padded(build_pooler(PoolingSpec(strategy="pooler")), torch.zeros(1, 2, 4), mask)


def test_the_mean_of_the_two_largest_is_taken_for_each_dimension() -> None:
    vectors = pool("top_k_mean", batch_of(STATES, SEGMENT), k=2)
    assert vectors.tolist() == [[2, 5], [(5 + 2) / 2, (4 + 2) / 2]]


def test_top_1_is_the_largest() -> None:
    batch = batch_of(STATES, SEGMENT)
    assert torch.equal(pool("top_k_mean", batch, k=1), pool("max", batch))


def test_gem_of_power_1_is_the_mean() -> None:
    batch = batch_of(STATES, SEGMENT)
    torch.testing.assert_close(pool("gem", batch, p=1), pool("mean", batch))


def test_gem_of_a_high_power_is_near_the_value_of_largest_magnitude() -> None:
    states = torch.tensor([[-1_000.0, 1.0], [3.0, 8.0]])  # 1000 to the 50th is beyond float32
    vectors = pool("gem", batch_of(states, torch.tensor([0, 0])), p=50)
    expected = torch.tensor([[-1_000 * 0.5 ** (1 / 50), 8 * 0.5 ** (1 / 50)]])
    torch.testing.assert_close(vectors, expected)


def test_gem_of_states_of_zero_is_zero() -> None:
    assert pool("gem", batch_of(torch.zeros(2, 3), torch.tensor([0, 0]))).tolist() == [[0.0] * 3]


@pytest.mark.parametrize("name", OF_STATES_ALONE)
@pytest.mark.parametrize("value", [0.0, 3.0])
def test_training_goes_through_texts_of_one_token_or_of_equal_ones(name: str, value: float) -> None:
    states = torch.full((3, 2), value, requires_grad=True)
    pool(name, batch_of(states, torch.tensor([0, 1, 1]))).sum().backward()
    assert states.grad is not None
    assert states.grad.isfinite().all()


@pytest.mark.parametrize("name", EXPECTED)
def test_slices_of_one_row_give_the_same_vectors(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(segments, "SLICE_BYTES", 1)
    vectors = pool(name, batch_of(STATES, SEGMENT))
    torch.testing.assert_close(vectors, torch.tensor(EXPECTED[name]).float())


def test_half_precision_states_are_widened_slice_by_slice(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(segments, "SLICE_BYTES", 4 * 2 * 3)  # three rows of two float32
    parts = [part for part, _ in segments._widened(STATES.half())]
    assert [(part.start, part.stop) for part in parts] == [(0, 3), (3, 6)]


def test_cls_follows_the_mask_and_not_the_first_place() -> None:
    is_cls = torch.tensor([False, True, False, False, True])
    assert pool("cls", batch_of(STATES, SEGMENT, cls=is_cls)).tolist() == [[3, 2], [2, 2]]


def test_tokens_that_do_not_count_are_left_out() -> None:
    counted = torch.tensor([True, False, True, True, False])
    batch = batch_of(STATES, SEGMENT, counted=counted).select_counted()
    assert pool("mean", batch).tolist() == [[1, 8], [2, 2]]


def test_a_padded_row_without_a_token_is_refused_by_its_number() -> None:
    mask = torch.tensor([[True], [False]])
    with pytest.raises(ValueError, match=r"rows \[1\] have no real token"):
        pool_padded(build_pooler(PoolingSpec()), torch.zeros(2, 1, 4), mask)
