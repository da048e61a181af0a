"""idf_mean and sif_mean, worked out by hand from counts in plain view."""

from math import log
from typing import Any

import pytest
import torch
from torch import Tensor

from pooling import (
    Fitted,
    PoolingSpec,
    Sizes,
    TextPooler,
    TokenBatch,
    build_pooler,
    name_counts,
)

SIZES = Sizes(hidden=2, vocabulary=3)
# Of seven documents, token 0 is in all and token 1 in one; token 2 never occurred.
COUNTS = {
    "token_counts": torch.tensor([15, 5, 0]),
    "document_counts": torch.tensor([7, 1, 0]),
    "num_tokens": torch.tensor(20),
    "num_documents": torch.tensor(7),
}
UNIT = torch.tensor([0.6, 0.8])


def batch(ids: list[int], states: list[list[float]]) -> TokenBatch:
    """One text."""
    return TokenBatch(
        states=torch.tensor(states),
        segment=torch.zeros(len(ids), dtype=torch.int64),
        n=1,
        ids=torch.tensor(ids),
        counted=torch.ones(len(ids), dtype=torch.bool),
    )


def pooler(strategy: str, counts: dict[str, Tensor] = COUNTS, **parameters: Any) -> TextPooler:
    spec = PoolingSpec(strategy=strategy, parameters=parameters, weights="counts")
    return build_pooler(spec, SIZES, {"counts": Fitted(name_counts(counts))})


def assert_pooled(found: Tensor, expected: list[float]) -> None:
    torch.testing.assert_close(found, torch.tensor([expected]), rtol=0, atol=1e-6)


def test_idf_mean_by_hand() -> None:
    # idf(0) = ln(8 / 8) + 1 = 1, idf(1) = ln(8 / 2) + 1
    rare = log(4) + 1
    found = pooler("idf_mean").pool(batch([0, 1], [[1.0, 0.0], [0.0, 2.0]]))
    assert_pooled(found, [1 / (1 + rare), 2 * rare / (1 + rare)])


def test_sif_mean_by_hand() -> None:
    # p(0) = 15 / 20, p(1) = 5 / 20: with a = 0.25, weights of 1/4 and 1/2, and 2 tokens
    found = pooler("sif_mean", a=0.25).pool(batch([0, 1], [[4.0, 0.0], [0.0, 4.0]]))
    assert_pooled(found, [0.5, 1.0])


def test_sif_mean_without_its_component_by_hand() -> None:
    # x = (0.5, 1), u . x = 0.3 + 0.8 = 1.1, x - 1.1 u = (0.5 - 0.66, 1 - 0.88)
    removing = pooler("sif_mean", COUNTS | {"component": UNIT}, a=0.25, remove_component=True)
    found = removing.pool(batch([0, 1], [[4.0, 0.0], [0.0, 4.0]]))
    assert_pooled(found, [-0.16, 0.12])


def test_a_token_that_never_occurred_weighs_most() -> None:
    # idf(2) = ln(8 / 1) + 1; p(2) = 0, so a / (a + 0) = 1
    never = log(8) + 1
    states = [[1.0, 0.0], [0.0, 1.0]]
    assert_pooled(
        pooler("idf_mean").pool(batch([0, 2], states)), [1 / (1 + never), never / (1 + never)]
    )
    assert_pooled(pooler("sif_mean", a=0.25).pool(batch([0, 2], states)), [0.125, 0.5])


@pytest.mark.parametrize("strategy", ["idf_mean", "sif_mean"])
def test_without_counts_every_token_weighs_alike(strategy: str) -> None:
    fresh = TextPooler(PoolingSpec(strategy=strategy), SIZES)
    assert_pooled(fresh.pool(batch([0, 1], [[1.0, 3.0], [3.0, 4.0]])), [2.0, 3.5])


@pytest.mark.parametrize("strategy", ["idf_mean", "sif_mean"])
def test_half_precision_states_are_summed_in_float32(strategy: str) -> None:
    full = batch([0] * 512, [[200.0, 1.0]] * 512)
    half = TokenBatch(full.states.half(), full.segment, 1, full.ids, full.counted)
    assert torch.equal(pooler(strategy).pool(half), pooler(strategy).pool(full))


@pytest.mark.parametrize(
    ("strategy", "parameters", "counts"),
    [
        ("idf_mean", {}, COUNTS),
        ("sif_mean", {}, COUNTS),
        ("sif_mean", {"remove_component": True}, COUNTS | {"component": UNIT}),
    ],
)
def test_a_text_alone_has_the_bytes_that_it_has_among_1000_others(
    strategy: str, parameters: dict[str, Any], counts: dict[str, Tensor]
) -> None:
    generator = torch.Generator().manual_seed(0)
    sizes = torch.randint(1, 30, (1001,), generator=generator)
    segment = torch.repeat_interleave(torch.arange(1001), sizes)
    count = len(segment)
    states = torch.randn(count, 2, generator=generator)
    ids = torch.randint(0, 3, (count,), generator=generator)
    together = TokenBatch(states, segment, 1001, ids, torch.ones(count, dtype=torch.bool))
    fitted = pooler(strategy, counts, **parameters)
    vectors = fitted.pool(together)
    for text in (0, 500, 1000):
        own = segment == text
        alone = TokenBatch(
            states[own], torch.zeros(int(own.sum()), dtype=torch.int64), 1, ids[own], own[own]
        )
        assert torch.equal(fitted.pool(alone)[0], vectors[text])


def test_one_table_fills_both_strategies_as_a_whole_pooling_names_its_tensors() -> None:
    for strategy in ("idf_mean", "sif_mean"):
        fresh = TextPooler(PoolingSpec(strategy=strategy), SIZES)
        assert fresh.state_dict().keys() == name_counts(COUNTS).keys()


def test_counts_without_a_component_are_refused_where_one_is_removed() -> None:
    with pytest.raises(ValueError, match="component"):
        pooler("sif_mean", remove_component=True)


@pytest.mark.parametrize("a", [0.0, -1.0, float("nan"), float("inf")])
def test_a_weight_that_would_not_be_positive_is_refused(a: float) -> None:
    with pytest.raises(ValueError, match="'sif_mean': a"):
        PoolingSpec(strategy="sif_mean", parameters={"a": a})


@pytest.mark.parametrize("strategy", ["idf_mean", "sif_mean"])
def test_words_alone_count_unless_a_spec_says_otherwise(strategy: str) -> None:
    words = PoolingSpec(strategy=strategy)
    both = PoolingSpec(strategy=strategy, special_tokens=True, prompt_tokens=True)
    assert (words.special_tokens, words.prompt_tokens) == (False, False)
    assert (both.special_tokens, both.prompt_tokens) == (True, True)
