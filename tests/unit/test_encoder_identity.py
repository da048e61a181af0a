"""What makes two encoders the same one: contents and settings, not paths and devices."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from embedding import EncoderSpec, identify_encoder, load_encoder

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
