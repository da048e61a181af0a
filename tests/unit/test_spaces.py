"""The identity of spaces: fingerprints that must stay, so that no store is embedded anew."""

from pathlib import Path
from typing import Any

import pytest

from data import SpaceLineage, fingerprint
from embedding import EncoderSpec, identify_encoder
from pooling import PoolingSpec
from tasks.spaces import space_dataset, space_slug

# Of spaces without an encoder, computed by version 0.1.
FINGERPRINTS = [
    ({"strategy": "cls"}, "bb1440ed"),
    ({"strategy": "mean"}, "c55cf99b"),
    ({"strategy": "max"}, "3db9da5a"),
    ({"strategy": "min"}, "24fa574a"),
    ({"strategy": "max_min"}, "dcd262d7"),
    ({"strategy": "last_token"}, "6e131eec"),
    ({"strategy": "mean_sqrt_len"}, "2c59180a"),
    ({"layers": [-4, -3, -2, -1], "combine": "concat"}, "bed38b50"),
    ({"special_tokens": False, "dimensions": 64, "precision": "float16"}, "10d7223b"),
]


@pytest.mark.parametrize(("settings", "expected"), FINGERPRINTS, ids=str)
def test_every_pooling_of_version_0_1_keeps_its_fingerprint(
    settings: dict[str, Any], expected: str
) -> None:
    pooling = PoolingSpec.model_validate(settings)
    space = SpaceLineage(encoder={}, pooling=pooling.identity())
    assert fingerprint(space)[:8] == expected


def test_a_space_is_told_by_the_identity_of_its_pooling(tiny_bert: Path) -> None:
    encoder = EncoderSpec(model=str(tiny_bert))
    pooling = PoolingSpec()
    space = space_dataset(encoder, identify_encoder(encoder), pooling)
    assert isinstance(space.lineage, SpaceLineage)
    assert space.lineage.pooling == pooling.identity()


def test_the_weights_of_a_mix_are_in_the_name_of_its_space() -> None:
    mix = PoolingSpec(layers=(0, -1), combine="mix", mix_weights=(1, 2.5))
    assert space_slug(EncoderSpec(model="bert"), mix) == "bert_mean_layers_0_m1_mix_1_2_5"


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"long_texts": "windows"}, "bert_mean_windows"),
        ({"long_texts": "windows", "window_overlap": 16}, "bert_mean_windows_overlap_16"),
        ({"long_texts": "windows", "max_windows": 9}, "bert_mean_windows_first_9"),
        ({"long_texts": "head_tail"}, "bert_mean_head_tail"),
        ({"long_texts": "head_tail", "tail_tokens": 382}, "bert_mean_head_tail_382"),
    ],
)
def test_what_is_read_of_long_texts_is_in_the_name_of_the_space(
    settings: dict[str, Any], expected: str
) -> None:
    encoder = EncoderSpec.model_validate({"model": "bert"} | settings)
    assert space_slug(encoder, PoolingSpec()) == expected


def test_the_way_over_windows_is_in_the_name_of_the_space() -> None:
    encoder = EncoderSpec(model="bert", long_texts="windows")
    slug = space_slug(encoder, PoolingSpec(over_windows="max"))
    assert slug == "bert_mean_windows_over_windows_max"


def test_another_parameter_fills_a_space_of_its_own_and_touches_no_other(small: Any) -> None:
    mean, gem = PoolingSpec(), PoolingSpec(strategy="gem")
    higher = PoolingSpec(strategy="gem", parameters={"p": 4.0})
    small.write("a.parquet", [f"a sentence about the number {n}" for n in range(30)])
    small.embed(poolings=(mean, gem))
    spaces = [space.dataset for space in small.plan(poolings=(mean, gem)).job.spaces]
    before = [small.files(space, "parts") for space in spaces]

    summary = small.embed(poolings=(mean, higher))

    assert [small.files(space, "parts") for space in spaces] == before
    assert (summary.is_complete, small.num_forwarded) == (True, 30)
    small.embed(poolings=(mean, gem, higher))
    assert small.num_forwarded == 0
