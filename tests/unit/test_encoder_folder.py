"""What is read from a model folder, and what is refused in words before any weights are loaded."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from embedding import (
    EncoderSpec,
    default_pooling,
    identify_encoder,
    load_encoder,
    output_dimension,
)
from pooling import PoolingSpec

MakeFolder = Callable[..., Path]


def spec_of(folder: Path, **fields: Any) -> EncoderSpec:
    return EncoderSpec(model=str(folder), device="cpu", **fields)


def write_pooling(folder: Path, pooling: dict[str, Any], *others: str) -> None:
    """Make a sentence-transformers folder of a plain one."""
    kinds = ["Transformer", "Pooling", *others]
    modules = [
        {
            "idx": i,
            "path": f"{i}_{kind}" if i else "",
            "type": f"sentence_transformers.models.{kind}",
        }
        for i, kind in enumerate(kinds)
    ]
    (folder / "modules.json").write_text(json.dumps(modules))
    (folder / "1_Pooling").mkdir()
    (folder / "1_Pooling/config.json").write_text(json.dumps(pooling))


def test_a_plain_folder_is_pooled_by_a_normalised_mean(make_folder: MakeFolder) -> None:
    assert default_pooling(spec_of(make_folder())) == PoolingSpec(strategy="mean", normalize=True)


@pytest.mark.parametrize(
    "stated",
    [{"pooling_mode": "max"}, {"pooling_mode_max_tokens": True, "pooling_mode_mean_tokens": False}],
    ids=["new", "old"],
)
def test_both_generations_of_pooling_configs_are_read(
    stated: dict[str, Any], make_folder: MakeFolder
) -> None:
    folder = make_folder()
    write_pooling(folder, stated)
    assert default_pooling(spec_of(folder)) == PoolingSpec(strategy="max", normalize=False)


def test_two_pooling_modes_side_by_side_are_refused(make_folder: MakeFolder) -> None:
    folder = make_folder()
    write_pooling(folder, {"pooling_mode": ["cls", "mean"]}, "Normalize")
    with pytest.raises(ValueError, match="pools by cls and mean, which is not among"):
        default_pooling(spec_of(folder))


@pytest.mark.parametrize("kind", ["WeightedLayerPooling", "CNN", "LSTM"])
def test_a_foreign_module_is_refused_by_name(kind: str, make_folder: MakeFolder) -> None:
    folder = make_folder()
    write_pooling(folder, {"pooling_mode": "mean"}, kind)
    with pytest.raises(ValueError, match=f"{kind}.*choose another model"):
        identify_encoder(spec_of(folder))


def test_a_module_of_somebody_elses_code_is_refused_by_name(make_folder: MakeFolder) -> None:
    folder = make_folder()
    modules = [{"idx": 0, "path": "", "type": "custom_st.Transformer"}]
    (folder / "modules.json").write_text(json.dumps(modules))
    with pytest.raises(ValueError, match=r"custom_st\.Transformer"):
        identify_encoder(spec_of(folder))


def test_the_transformer_may_lie_in_a_folder_of_its_own(make_folder: MakeFolder) -> None:
    inner = make_folder()
    outer = inner.parent
    modules = [
        {"idx": 0, "path": inner.name, "type": "sentence_transformers.models.Transformer"},
    ]
    (outer / "modules.json").write_text(json.dumps(modules))
    assert identify_encoder(spec_of(outer)) == identify_encoder(spec_of(inner))


def test_a_folder_with_pickled_weights_alone_is_refused(make_folder: MakeFolder) -> None:
    folder = make_folder()
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    with pytest.raises(ValueError, match=r"no model.safetensors .*pickle can run code"):
        identify_encoder(spec_of(folder))


def test_a_shard_that_is_missing_is_named(make_folder: MakeFolder) -> None:
    folder = make_folder()
    index = {"weight_map": {"a": "model-1.safetensors", "b": "model.safetensors"}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    with pytest.raises(ValueError, match=r"no model-1\.safetensors in"):
        identify_encoder(spec_of(folder))


def test_a_folder_without_a_config_says_what_it_holds(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").touch()
    with pytest.raises(ValueError, match=r"no config.json in .*found \['notes.txt'\]"):
        identify_encoder(spec_of(tmp_path))


def test_a_config_that_is_not_json_is_named(make_folder: MakeFolder) -> None:
    folder = make_folder()
    (folder / "config.json").write_text("{")
    with pytest.raises(ValueError, match=r"config.json: not JSON"):
        identify_encoder(spec_of(folder))


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"model_type": "bert9"}, "model_type 'bert9', which this version"),
        ({"model_type": "t5", "is_encoder_decoder": True}, "'t5', not a text encoder"),
        ({"model_type": "x", "auto_map": {"AutoModel": "x.X"}}, "trust_remote_code is off"),
    ],
)
def test_what_is_not_an_encoder_is_refused(
    config: dict[str, Any], message: str, make_folder: MakeFolder
) -> None:
    folder = make_folder()
    (folder / "config.json").write_text(json.dumps(config))
    with pytest.raises(ValueError, match=message):
        identify_encoder(spec_of(folder))


def test_a_folder_without_a_tokenizer_is_refused(make_folder: MakeFolder) -> None:
    folder = make_folder()
    for file in folder.glob("tokenizer*"):
        file.unlink()
    with pytest.raises(ValueError, match="no tokenizer in"):
        load_encoder(spec_of(folder))


def test_weights_that_the_files_lack_are_never_made_up(make_folder: MakeFolder) -> None:
    folder = make_folder(num_hidden_layers=2)
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"num_hidden_layers": 3}))
    with pytest.raises(ValueError, match=r"16 weights are not in its files.*layer\.2\."):
        load_encoder(spec_of(folder))


def test_a_tokenizer_of_another_model_is_refused(make_folder: MakeFolder) -> None:
    folder = make_folder()
    smaller = make_folder("bert", vocab_size=50)
    (folder / "tokenizer.json").rename(smaller / "tokenizer.json")
    with pytest.raises(ValueError, match="ids up to 63, but the model has 50"):
        load_encoder(spec_of(smaller))


@pytest.mark.parametrize(
    ("pooling", "message"),
    [
        (PoolingSpec(layers=(3,)), r"layers \[3\] do not exist; this encoder has 0"),
        (PoolingSpec(layers=(2, -1)), "name one layer twice"),
        (PoolingSpec(dimensions=17), "dimensions=17, but its vectors have 16"),
        (PoolingSpec(dense=True), "has no Dense layers"),
    ],
)
def test_a_pooling_that_the_encoder_cannot_give_is_refused_from_its_files(
    pooling: PoolingSpec, message: str, make_folder: MakeFolder
) -> None:
    with pytest.raises(ValueError, match=message):
        output_dimension(spec_of(make_folder()), pooling)


@pytest.mark.parametrize(
    ("pooling", "dimension"),
    [
        (PoolingSpec(), 16),
        (PoolingSpec(strategy="max_min"), 32),
        (PoolingSpec(strategy="max_min", layers=(0, 1, -1), combine="concat"), 96),
        (PoolingSpec(layers=(0, 1), combine="mean"), 16),
        (PoolingSpec(dimensions=3), 3),
    ],
)
def test_the_dimension_is_known_before_any_weights_are(
    pooling: PoolingSpec, dimension: int, make_folder: MakeFolder
) -> None:
    assert output_dimension(spec_of(make_folder()), pooling) == dimension
