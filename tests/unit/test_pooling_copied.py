"""Two poolers as they are copied from notebook to notebook, and ours where they go wrong.

Both are rendered here from their formula. MinPooling fills the padding with 1e-4, so where all
states are larger it answers 1e-4; MaxPooling writes -1e9 into the states that others read next.
"""

import torch
from torch import Tensor

from pooling import PoolingSpec, build_pooler, pool_padded

# One text of two tokens, all states positive, beside one of three.
STATES = torch.tensor([[[1.0, 8], [3, 2], [0, 0]], [[5, 1], [4, 4], [2, 2]]])
MASK = torch.tensor([[True, True, False], [True, True, True]])


def copied_min(states: Tensor, mask: Tensor) -> Tensor:
    filled = states.clone()
    filled[~mask] = 1e-4
    return filled.min(dim=1).values


def copied_max(states: Tensor, mask: Tensor) -> Tensor:
    states[~mask] = -1e9
    return states.max(dim=1).values


def ours(name: str, states: Tensor, mask: Tensor) -> Tensor:
    return pool_padded(build_pooler(PoolingSpec(strategy=name)), states, mask)


def test_the_copied_min_of_positive_states_is_its_own_filling() -> None:
    torch.testing.assert_close(copied_min(STATES, MASK)[0], torch.tensor([1e-4, 1e-4]))


def test_our_min_of_positive_states_is_the_smallest_of_them() -> None:
    assert ours("min", STATES, MASK).tolist() == [[1, 2], [2, 1]]


def test_the_copied_min_of_a_text_changes_beside_a_longer_one() -> None:
    alone = copied_min(STATES[:1, :2], MASK[:1, :2])
    assert alone.tolist() == [[1, 2]]
    assert not torch.allclose(copied_min(STATES, MASK)[:1], alone)


def test_our_min_of_a_text_is_the_same_beside_a_longer_one() -> None:
    assert torch.equal(ours("min", STATES, MASK)[:1], ours("min", STATES[:1, :2], MASK[:1, :2]))


def test_after_the_copied_max_a_mean_of_the_same_states_is_ruined() -> None:
    states = STATES.clone()
    copied_max(states, MASK)
    assert states.mean(dim=1).min() < -1e8


def test_after_our_max_the_states_are_as_they_were() -> None:
    states = STATES.clone()
    assert ours("max", states, MASK).tolist() == [[3, 8], [5, 4]]
    assert torch.equal(states, STATES)


def test_after_the_copied_max_in_float16_only_a_mean_that_multiplies_is_not_a_number() -> None:
    states = STATES.half()
    copied_max(states, MASK)  # -1e9 is -inf there, and -inf times 0 is NaN
    assert (states * MASK.unsqueeze(2)).sum(dim=1).isnan().any()
    assert ours("mean", states, MASK)[0].tolist() == [2, 5]


def test_our_max_of_float16_is_exact_below_any_filling() -> None:
    states = torch.full((1, 2, 1), -60_000.0).half()
    mask = torch.tensor([[True, False]])
    assert ours("max", states, mask).tolist() == [[float(states[0, 0, 0])]]
