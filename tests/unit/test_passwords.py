"""A password in a path is refused wherever it is given, and shown by no message."""

from functools import partial
from typing import Any

import pytest
from prefect.utilities.schema_tools.validation import is_valid
from pydantic import ValidationError

from data import CorpusSpec, StoreSpec
from flows.embed_corpus import EmbedCommand, embed_corpus

SECRET = "wJalr/XUtn+FEMI"
HELD = [
    f"s3://AKIA:{SECRET}@bucket/texts",
    f"simplecache::s3://AKIA:{SECRET}@bucket/texts",
    f"https://user:{SECRET}@host:8080/texts.parquet",
]
PLAIN = [
    "s3://bucket/texts@2026",
    "abfs://container@account.dfs.core.windows.net/texts",
    "http://127.0.0.1:8080/a@b.parquet",
    "texts/10:30@home",
]


@pytest.mark.parametrize("path", HELD)
@pytest.mark.parametrize("make", [StoreSpec, partial(CorpusSpec, name="news")])
def test_a_password_in_a_path_is_refused_and_not_shown(make: Any, path: str) -> None:
    with pytest.raises(ValidationError, match="in the environment") as error:
        make(path=path)
    assert SECRET not in str(error.value)


@pytest.mark.parametrize("path", HELD)
def test_the_command_line_does_not_show_it_either(
    path: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    typed = ["embed_corpus", "--corpus.name", "news", "--corpus.path", path]
    monkeypatch.setattr("sys.argv", [*typed, "--encoder.model", "models/x"])
    with pytest.raises(SystemExit):
        EmbedCommand.parse()
    said = "".join(capsys.readouterr())
    assert "in the environment" in said.replace("\n", " ")
    assert SECRET not in said


@pytest.mark.parametrize("path", PLAIN)
def test_a_path_without_one_is_a_path(path: str) -> None:
    assert CorpusSpec(name="news", path=path).path == path


@pytest.mark.parametrize(("paths", "is_kept"), [(HELD, False), (PLAIN, True)])
def test_a_server_refuses_it_before_it_keeps_the_parameters(
    paths: list[str], is_kept: bool
) -> None:
    schema = embed_corpus.parameters.model_dump()
    for path in paths:
        given = {"corpus": {"name": "news", "path": path}, "encoder": {"model": "x"}}
        assert is_valid(given, schema) is is_kept
        stored = {**given, "corpus": {"name": "news", "path": "x"}, "store": {"path": path}}
        assert is_valid(stored, schema) is is_kept
