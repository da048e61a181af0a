"""What is read from a model folder, and what is refused in words before any weights are loaded."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.torch import load_file, save_file

from embedding import (
    EncoderSpec,
    default_pooling,
    identify_encoder,
    load_encoder,
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
    (folder / "model.safetensors").rename(folder / "model-1.safetensors")
    index = {"weight_map": {"a": "model-1.safetensors", "b": "model-2.safetensors"}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    with pytest.raises(ValueError, match=r"no model-2\.safetensors in"):
        identify_encoder(spec_of(folder))


def test_weights_in_shards_are_read_like_whole_ones(make_folder: MakeFolder) -> None:
    folder = make_folder()
    whole = load_encoder(spec_of(folder)).encode(["w1 w2"])
    tensors = load_file(folder / "model.safetensors")
    (folder / "model.safetensors").unlink()
    names = {name: f"model-{i % 2}.safetensors" for i, name in enumerate(tensors)}
    for shard in set(names.values()):
        part = {name: tensor for name, tensor in tensors.items() if names[name] == shard}
        save_file(part, folder / shard, metadata={"format": "pt"})
    index = {"metadata": {}, "weight_map": names}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    np.testing.assert_array_equal(load_encoder(spec_of(folder)).encode(["w1 w2"]), whole)


def test_an_adapter_is_refused(make_folder: MakeFolder) -> None:
    folder = make_folder()
    (folder / "adapter_config.json").write_text("{}")
    with pytest.raises(ValueError, match=r"holds an adapter\. Merge it"):
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


def test_code_of_another_repository_is_refused_though_code_is_trusted(
    make_folder: MakeFolder,
) -> None:
    folder = make_folder()
    config = {"model_type": "x", "auto_map": {"AutoModel": "some/other--x.X"}}
    (folder / "config.json").write_text(json.dumps(config))
    trusted = spec_of(folder).model_copy(update={"trust_remote_code": True})
    with pytest.raises(ValueError, match=r"another repository \(some/other--x\.X\).*Copy it"):
        identify_encoder(trusted)


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
