"""Hub ids: downloaded, or taken from the cache, or refused in one sentence."""

from pathlib import Path
from typing import Any

import pytest
from huggingface_hub.errors import LocalEntryNotFoundError

from embedding import EncoderSpec, hub


@pytest.fixture(autouse=True)
def _no_answers_from_other_tests() -> None:
    hub._snapshot.cache_clear()


def test_a_folder_is_taken_as_it_is(tmp_path: Path) -> None:
    assert hub.find_folder(EncoderSpec(model=str(tmp_path))) == tmp_path


def test_a_folder_has_no_revision(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="only hub ids have revisions"):
        hub.find_folder(EncoderSpec(model=str(tmp_path), revision="main"))


@pytest.mark.parametrize("model", ["./nowhere", "/no/such/folder", "a/b/c", "two words"])
def test_what_is_neither_folder_nor_id_is_refused(model: str) -> None:
    with pytest.raises(ValueError, match=r"no such folder .* and not a hub id"):
        hub.find_folder(EncoderSpec(model=model))


def test_only_the_files_of_an_encoder_are_downloaded(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    asked: dict[str, Any] = {}

    def snapshot(model: str, **options: Any) -> str:
        asked.update(options, model=model)
        return str(tmp_path)

    monkeypatch.setattr(hub, "snapshot_download", snapshot)
    assert hub.find_folder(EncoderSpec(model="org/name", revision="abc")) == tmp_path
    assert (asked["model"], asked["revision"]) == ("org/name", "abc")
    assert asked["allow_patterns"] == ["*.safetensors", "*.json", "*.txt", "*.model"]


def test_one_process_never_mixes_two_states_of_a_branch(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    answers = iter([str(tmp_path / "monday"), str(tmp_path / "tuesday")])
    monkeypatch.setattr(hub, "snapshot_download", lambda *_, **__: next(answers))
    spec = EncoderSpec(model="org/name")
    assert hub.find_folder(spec) == hub.find_folder(spec) == tmp_path / "monday"


def test_an_id_that_cannot_be_reached_is_one_clear_sentence(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def offline(*_: object, **__: object) -> str:
        raise LocalEntryNotFoundError("no connection\nand much more")

    monkeypatch.setattr(hub, "snapshot_download", offline)
    with pytest.raises(ValueError, match=r"not in the hub's cache.*\(no connection\)\. Give a"):
        hub.find_folder(EncoderSpec(model="org/name"))


def test_a_cached_id_works_offline(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, tiny_bert: Path
) -> None:
    commit = "0" * 40
    cached = tmp_path / "models--org--tiny"
    (cached / "refs").mkdir(parents=True)
    (cached / "refs/main").write_text(commit)
    (cached / "snapshots").mkdir()
    (cached / "snapshots" / commit).symlink_to(tiny_bert)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    folder = hub.find_folder(EncoderSpec(model="org/tiny"))
    assert (folder / "config.json").read_bytes() == (tiny_bert / "config.json").read_bytes()
