"""What was fitted for something else is refused in words, by the name that the user typed."""

import re
from typing import Any

import pytest
import torch

from data import StoreSpec, open_store
from embedding import identify_encoder
from pooling import Fitted, PoolingSpec, Ranges, Sizes, TextPooler, about_ranges, build_pooler
from tasks.fitted import save_fitted

SIZES = Sizes(hidden=128, vocabulary=30_522)  # of the tiny encoder
MIX = {"layers": [0, 1], "combine": "mix"}


def learned(settings: dict[str, Any], sizes: Sizes = SIZES) -> Fitted:
    return TextPooler(PoolingSpec.model_validate(settings), sizes).to_fitted()


def silent(settings: dict[str, Any], sizes: Sizes = SIZES) -> Fitted:
    """The same without a word about what they are."""
    return Fitted(learned(settings, sizes).tensors)


ATTENTION, COUNTS = {"strategy": "attention"}, {"strategy": "idf_mean"}
HOPS = {"strategy": "self_attentive", "parameters": {"hops": 2}}
REMOVES = {"strategy": "sif_mean", "parameters": {"remove_component": True}}
RANGES = Ranges(torch.zeros(128), torch.ones(128)).to_fitted({})
CASES = [
    (silent(COUNTS), ATTENTION, "are counts of tokens, not learned weights. Learn them from"),
    (learned(ATTENTION), COUNTS, "are learned weights, not counts of tokens. Count with python -m"),
    (RANGES, ATTENTION, "are ranges, not learned weights."),
    (learned(ATTENTION), HOPS, "fitted for strategy 'attention', and this is 'self_attentive'."),
    (learned(HOPS), {"strategy": "self_attentive", "parameters": {"hops": 3}}, "hops 2, found 3."),
    (silent(COUNTS), REMOVES, "without the component .* with --component.sample_texts 10000."),
    (silent(ATTENTION, Sizes(64, 9)), ATTENTION, "states of width 64, and this encoder's are 128."),
    (silent(HOPS, Sizes(64, 9)), HOPS, "made for states of width 64, and this encoder's are 128."),
    (silent(REMOVES, Sizes(64, 30_522)), REMOVES, "made for states of width 64"),
    (silent(COUNTS, Sizes(128, 9)), COUNTS, "another vocabulary, of 9 tokens, .* has 30522."),
    (silent(HOPS), HOPS | {"parameters": {"hops": 3}}, r"layers.2.weight is \(2, 128\) and not "),
    (
        silent({"over_windows": "attention"}),
        MIX,
        "of learned weights of windows, and this needs those of a learned mix of layers.",
    ),
    (
        learned(MIX),
        MIX | {"layers": [-3, -2]},
        r"layers \[0, 1\], found \[-3, -2\] \(the same in an encoder of 2 layers\?",
    ),
]


@pytest.mark.parametrize(("fitted", "asked", "said"), CASES, ids=[case[2] for case in CASES])
def test_wrong_weights_are_refused_in_words_before_anything_is_planned(
    small: Any, fitted: Fitted, asked: dict[str, Any], said: str
) -> None:
    small.write("a.parquet", ["a text"])
    name = save_fitted(open_store(StoreSpec(path=str(small.store))), "mine", fitted)
    encoder = small.encoder.model_copy(update={"long_texts": "windows"})

    with pytest.raises(ValueError, match=said) as refused:
        small.plan(
            encoder=encoder, poolings=(PoolingSpec.model_validate(asked | {"weights": name}),)
        )

    message = str(refused.value)
    assert f"the weights {name!r}" in message
    assert not re.search(r"[0-9a-f]{64}|Sizes|None", message)


def test_ranges_of_another_model_are_refused_in_words(small: Any) -> None:
    small.write("a.parquet", ["a text"])
    identity = identify_encoder(small.encoder).model_dump(mode="json")
    other = identity | {"weights": "0" * 64, "max_tokens": 9}
    store = open_store(StoreSpec(path=str(small.store)))
    ranges = Fitted(RANGES.tensors, about_ranges(PoolingSpec(), other))
    name = save_fitted(store, "ranges", ranges)

    int8 = PoolingSpec(precision="int8", ranges=name)
    with pytest.raises(
        ValueError, match="another encoder: max_tokens 9, found 512; other weights"
    ) as e:
        small.plan(poolings=(int8,))
    assert f"the ranges {name!r}" in str(e.value)
    assert not re.search("[0-9a-f]{64}", str(e.value))


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (COUNTS, r"needs counts of tokens .*python -m flows\.fit_token_weights"),
        (ATTENTION, r"needs learned weights .*flows\.train_labeler.*docs/poolings\.md\.$"),
        (MIX, r"needs learned weights .*docs/poolings\.md\. Or give mix_weights\."),
    ],
)
def test_a_pooling_without_its_weights_says_how_they_are_fitted(
    asked: dict[str, Any], said: str
) -> None:
    with pytest.raises(ValueError, match=said):
        build_pooler(PoolingSpec.model_validate(asked), SIZES)


def test_a_fingerprint_without_a_name_is_shortened() -> None:
    spec = PoolingSpec(strategy="attention", weights="ab" * 32)
    with pytest.raises(ValueError, match="the weights 'abababab' are counts"):
        build_pooler(spec, SIZES, {"ab" * 32: silent(COUNTS)})


def test_a_mix_says_how_many_layers_it_has_and_was_given() -> None:
    mix = TextPooler(PoolingSpec.model_validate(MIX)).mix
    assert mix is not None
    with pytest.raises(ValueError, match=r"mix of 2 layers was given the states of 3\. Hand over"):
        mix([torch.zeros(4, 5)] * 3)
