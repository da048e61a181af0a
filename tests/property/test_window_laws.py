"""What holds of every strategy over the windows of a text, whatever the numbers are."""

from collections.abc import Callable
from dataclasses import replace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from pooling import POOLERS, PoolingSpec, TextPooler, TokenBatch
from tests.token_batches import build_fresh, draw_texts, pack

TOLERANCE = 1e-6
# `pooler` has what the model made of each window; no window can be cut out of such a batch.
NAMES = sorted(POOLERS.keys() - {"pooler"})
# It is trained on both levels: tests/golden/test_learned_poolers.py works them out.
HAS_ITS_OWN_WAY = {"hierarchical_attention"}

window_lengths = st.lists(st.integers(1, 6), min_size=1, max_size=4)
some_texts = given(lengths=st.lists(window_lengths, min_size=1, max_size=4), seed=st.integers(0))
few_examples = settings(max_examples=10, deadline=None, derandomize=True)


def pack_windows(texts: list[list[Tensor]]) -> TokenBatch:
    """Whole texts, with the number of each token's window."""
    numbers = [torch.full((len(w),), i) for windows in texts for i, w in enumerate(windows)]
    return replace(pack([torch.cat(windows) for windows in texts]), window=torch.cat(numbers))


def mean(vectors: Tensor, lengths: Tensor, _: TextPooler) -> Tensor:
    return (vectors * lengths[:, None]).sum(dim=0) / lengths.sum()


def largest(vectors: Tensor, _: Tensor, __: TextPooler) -> Tensor:
    return vectors.amax(dim=0)


def attention(vectors: Tensor, _: Tensor, pooler: TextPooler) -> Tensor:
    if len(vectors) == 1:
        return vectors[0]
    assert pooler.windows is not None
    return (pooler.windows.layers(vectors).softmax(dim=0) * vectors).sum(dim=0)


COMBINED: dict[str, Callable[[Tensor, Tensor, TextPooler], Tensor]] = {
    "mean": mean,
    "max": largest,
    "attention": attention,
}


@pytest.mark.parametrize("over_windows", COMBINED)
@pytest.mark.parametrize("name", [name for name in NAMES if name not in HAS_ITS_OWN_WAY])
@few_examples
@some_texts
def test_a_text_has_its_windows_vectors_combined(
    name: str, over_windows: str, lengths: list[list[int]], seed: int
) -> None:
    spec = PoolingSpec.model_validate({"strategy": name, "over_windows": over_windows})
    pooler = build_fresh(spec)
    texts = [draw_texts(one, seed + i) for i, one in enumerate(lengths)]
    expected = [
        COMBINED[over_windows](pooler.tokens.pool(pack(windows)), torch.tensor(counts), pooler)
        for windows, counts in zip(texts, lengths, strict=True)
    ]
    found = pooler.pool(pack_windows(texts))
    torch.testing.assert_close(found, torch.stack(expected), rtol=TOLERANCE, atol=TOLERANCE)


@pytest.mark.parametrize("name", NAMES)
def test_one_window_a_text_is_as_good_as_none(name: str) -> None:
    texts = draw_texts([4, 1, 9], seed=0)
    pooler = build_fresh(PoolingSpec(strategy=name))
    found = pooler.pool(pack_windows([[text] for text in texts]))
    torch.testing.assert_close(found, pooler.pool(pack(texts)), rtol=0, atol=TOLERANCE)


@pytest.mark.parametrize("name", NAMES)
def test_windows_of_neighbours_never_change_the_vector(name: str) -> None:
    texts = [draw_texts(lengths, seed=0) for lengths in ([3, 3, 1], [2], [5, 5])]
    pooler = build_fresh(PoolingSpec(strategy=name))
    alone = torch.cat([pooler.pool(pack_windows([windows])) for windows in texts])
    torch.testing.assert_close(pooler.pool(pack_windows(texts)), alone, rtol=0, atol=TOLERANCE)
