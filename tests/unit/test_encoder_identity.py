"""What makes two encoders the same one: contents and settings, not paths and devices."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from data import SpaceLineage, fingerprint
from embedding import EncoderIdentity, EncoderSpec, identify_encoder, load_encoder
from pooling import PoolingSpec

MakeFolder = Callable[..., Path]


def changed_fields(before: EncoderSpec, after: EncoderSpec) -> set[str]:
    old, new = (identify_encoder(spec).model_dump() for spec in (before, after))
    return {name for name in old if old[name] != new[name]}


def test_a_moved_folder_is_the_same_encoder(make_folder: MakeFolder, tmp_path: Path) -> None:
    folder = make_folder()
    moved = shutil.copytree(folder, tmp_path / "elsewhere")
    assert not changed_fields(EncoderSpec(model=str(folder)), EncoderSpec(model=str(moved)))


def test_the_device_does_not_matter(make_folder: MakeFolder) -> None:
    folder = str(make_folder())
    assert not changed_fields(EncoderSpec(model=folder), EncoderSpec(model=folder, device="cuda"))


@pytest.mark.parametrize(
    ("field", "value"), [("dtype", "bfloat16"), ("max_tokens", 9), ("prompt", "w1 ")]
)
def test_a_setting_changes_its_own_part(field: str, value: Any, make_folder: MakeFolder) -> None:
    folder = str(make_folder())
    after = EncoderSpec.model_validate({"model": folder, field: value})
    assert changed_fields(EncoderSpec(model=folder), after) == {field}


def test_the_prompt_for_queries_does_not_matter_to_documents(make_folder: MakeFolder) -> None:
    folder = str(make_folder())
    after = EncoderSpec(model=folder, query_prompt="w1 ")
    assert not changed_fields(EncoderSpec(model=folder), after)


@pytest.mark.parametrize(
    ("file", "part"),
    [
        ("model.safetensors", "weights"),
        ("config.json", "config"),
        ("tokenizer.json", "tokenizer"),
    ],
)
def test_a_changed_file_changes_its_own_part(file: str, part: str, make_folder: MakeFolder) -> None:
    folder = make_folder()
    before = identify_encoder(EncoderSpec(model=str(folder))).model_dump()
    (folder / file).write_bytes((folder / file).read_bytes() + b"\n")
    after = identify_encoder(EncoderSpec(model=str(folder))).model_dump()
    assert {name for name in before if before[name] != after[name]} == {part}


def test_lower_case_is_part_of_the_tokenizer(make_folder: MakeFolder) -> None:
    folder = make_folder()
    before = identify_encoder(EncoderSpec(model=str(folder)))
    (folder / "sentence_bert_config.json").write_text(json.dumps({"do_lower_case": True}))
    after = identify_encoder(EncoderSpec(model=str(folder)))
    assert (before.tokenizer != after.tokenizer, before.config == after.config) == (True, True)


def test_weights_of_a_single_file_have_that_files_sha256(minilm: Path) -> None:
    found = identify_encoder(EncoderSpec(model=str(minilm)))
    assert found.weights == "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
    assert (found.max_tokens, found.prompt, found.long_texts) == (256, "", "truncate")


def test_a_loaded_encoder_has_the_identity_that_was_announced(make_folder: MakeFolder) -> None:
    spec = EncoderSpec(model=str(make_folder()), device="cpu")
    assert load_encoder(spec).identity == identify_encoder(spec)


def test_an_encoder_that_cuts_long_texts_off_keeps_its_fingerprint_of_version_0_1() -> None:
    encoder = EncoderIdentity(
        weights="w",
        config="c",
        tokenizer="t",
        dense=(),
        max_tokens=256,
        prompt="",
        dtype="float32",
    )
    dumped = encoder.model_dump(mode="json")
    assert dumped["long_texts"] == "truncate"
    space = SpaceLineage(encoder=dumped, pooling=PoolingSpec().identity())
    assert fingerprint(space)[:8] == "ca8c6eeb"


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"long_texts": "head_tail"}, {"policy": "head_tail", "tail_tokens": 15}),
        (
            {"long_texts": "head_tail", "prompt": "w1 w2 "},
            {"policy": "head_tail", "tail_tokens": 14},
        ),
        ({"long_texts": "windows"}, {"policy": "windows", "overlap": 0, "max_windows": 1_000}),
        (
            {"long_texts": "windows", "window_overlap": 3, "max_windows": 5},
            {"policy": "windows", "overlap": 3, "max_windows": 5},
        ),
    ],
)
def test_what_is_read_of_long_texts_is_in_the_identity(
    settings: dict[str, Any], expected: dict[str, Any], make_folder: MakeFolder
) -> None:
    spec = EncoderSpec.model_validate({"model": str(make_folder())} | settings)
    found = identify_encoder(spec)  # 32 tokens are read, two of them special
    dumped = found.model_dump(mode="json")
    assert dumped["long_texts"] == expected
    assert EncoderIdentity.model_validate(dumped) == found


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"model": ""},
        {"model": "m", "device": "gpu"},
        {"model": "m", "dtype": "int8"},
        {"model": "m", "max_tokens": 0},
        {"model": "m", "batch_size": 32},
    ],
)
def test_a_spec_that_makes_no_sense_is_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        EncoderSpec.model_validate(fields)


def test_every_field_is_explained_in_the_form() -> None:
    properties = EncoderSpec.model_json_schema()["properties"]
    assert all(field["description"].endswith(".") for field in properties.values())
