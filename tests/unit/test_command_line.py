"""What a person types and reads: arguments drawn from the specs, and errors in a sentence."""

import logging
from pathlib import Path
from typing import Any

import pytest
from prefect.settings import PREFECT_API_URL, temporary_settings
from pydantic import Field

import flows.embed_corpus
import flows.publish
import flows.search
from data import CorpusSpec, StoreError, StoreSpec
from embedding import EncoderSpec
from flows.command_line import Command, plain_errors
from flows.embed_corpus import EmbedCommand, main
from flows.estimate_corpus import EstimateCommand
from pooling import PoolingSpec
from tasks.estimating.findings import SampleSpec
from tasks.plan_corpus import EmbedRequest
from tasks.run_spec import RunSpec

NEEDED = ["--corpus.name", "news", "--corpus.path", "news.parquet", "--encoder.model", "some/model"]
SILENT = "http://127.0.0.1:9/api"  # the discard port: nobody answers there


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch) -> Any:
    """typed("--a", "b") makes these the arguments of the command line."""

    def set_arguments(*arguments: str) -> None:
        monkeypatch.setattr("sys.argv", ["embed_corpus", *arguments])

    return set_arguments


@pytest.fixture(autouse=True)
def _own_log_handlers(monkeypatch: pytest.MonkeyPatch) -> None:
    """`plain_errors` keeps Prefect's lines off the terminal; other tests want to see them."""
    monkeypatch.setattr(logging.getLogger(), "handlers", [])


def help_of(command: type[Command], typed: Any, capsys: pytest.CaptureFixture[str]) -> str:
    """The command's help without any white space, however it was wrapped."""
    typed("--help")
    with pytest.raises(SystemExit) as ended:
        command.parse()
    assert ended.value.code == 0
    return "".join(capsys.readouterr().out.split())


@pytest.mark.parametrize(
    ("section", "spec"),
    [("corpus", CorpusSpec), ("encoder", EncoderSpec), ("store", StoreSpec), ("run", RunSpec)],
)
def test_help_says_of_every_setting_what_the_form_says(
    section: str, spec: Any, typed: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    shown = help_of(EmbedCommand, typed, capsys)

    for name, field in spec.model_fields.items():
        assert f"--{section}.{name}" in shown
        assert "".join(field.description.split()) in shown


def test_help_says_of_every_parameter_what_it_is(
    typed: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    shown = help_of(EmbedCommand, typed, capsys)

    described = EmbedRequest.model_fields["poolings"].description
    assert described is not None
    assert "".join(described.split()) in shown


def test_a_changed_description_is_seen_in_help(
    typed: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    class Changed(Command):
        size: int = Field(default=1, description="Words of another day.")

    assert "Wordsofanotherday." in help_of(Changed, typed, capsys)


def test_arguments_become_the_request(typed: Any) -> None:
    typed(
        *NEEDED,
        *("--corpus.text_columns", '["title", "body"]', "--corpus.limit", "1000"),
        *("--poolings", '["mean", {"strategy": "max", "normalize": false}]'),
        *("--store.path", "elsewhere", "--run.tolerate_unreadable"),
    )

    asked = EmbedCommand.parse()

    assert asked.corpus == CorpusSpec(
        name="news", path="news.parquet", text_columns=("title", "body"), limit=1000
    )
    assert asked.poolings == (PoolingSpec(), PoolingSpec(strategy="max", normalize=False))
    assert (asked.store.path, asked.run.tolerate_unreadable) == ("elsewhere", True)


def test_an_estimate_takes_the_arguments_of_the_run_and_how_much_to_try(typed: Any) -> None:
    typed(*NEEDED, "--poolings", "max", "--run.num_processes", "3", "--sample.texts", "50")

    asked = EstimateCommand.parse()

    assert set(EmbedCommand.model_fields) == set(EstimateCommand.model_fields) - {"sample"}
    assert (asked.poolings[0].strategy, asked.run.num_processes) == ("max", 3)
    assert asked.sample == SampleSpec(texts=50)


def test_poolings_and_columns_may_be_typed_with_commas(typed: Any) -> None:
    typed(*NEEDED, "--poolings", "mean,cls", "--corpus.carry_columns", "label,date")

    asked = EmbedCommand.parse()

    assert [pooling.strategy for pooling in asked.poolings] == ["mean", "cls"]
    assert asked.corpus.carry_columns == ("label", "date")


def test_the_environment_sets_no_argument(typed: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STORE", '{"path": "from-the-environment"}')
    typed(*NEEDED)

    assert EmbedCommand.parse().store == StoreSpec()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--encoder.dtype", "fp12"], "--encoder.dtype: "),
        (["--poolings", "mean,avg"], "'avg' is not known; known: cls, mean"),
        (["--run.chunk_rows", "0"], "--run.chunk_rows: "),
        (["--run.chunk_rows", "many"], "--run.chunk_rows: "),
        (["--store.path", "gs://bucket"], "--store.path: "),
        (["--corpus.name", "A b"], "--corpus.name: "),
        (["--encoder.device", "gpu"], "--encoder.device: "),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else None,
)
def test_a_wrong_argument_is_named_in_one_line(
    arguments: list[str], said: str, typed: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    typed(*NEEDED, *arguments)

    with pytest.raises(SystemExit) as ended:
        main()

    assert ended.value.code == 2
    (line,) = "".join(capsys.readouterr()).splitlines()
    assert said in line


def test_a_missing_argument_is_named(typed: Any, capsys: pytest.CaptureFixture[str]) -> None:
    typed("--corpus.name", "news")

    with pytest.raises(SystemExit, match="2"):
        main()

    assert "--corpus.path" in capsys.readouterr().out


def test_an_unknown_argument_is_refused(typed: Any, capsys: pytest.CaptureFixture[str]) -> None:
    typed(*NEEDED, "--corpus.colour", "red")

    with pytest.raises(SystemExit, match="2"):
        main()

    assert "--corpus.colour" in capsys.readouterr().err


def test_without_a_server_the_command_says_make_up(typed: Any) -> None:
    typed(*NEEDED)

    with (
        temporary_settings({PREFECT_API_URL: SILENT}),
        pytest.raises(SystemExit, match="make up"),
    ):
        main()


def test_an_expected_error_is_a_sentence_and_another_keeps_its_traceback(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit, match="1"), plain_errors():
        raise StoreError("no store at [here]")
    assert capsys.readouterr().out == "no store at [here]\n"

    with pytest.raises(ZeroDivisionError), plain_errors():
        _ = 1 / 0


@pytest.mark.parametrize("command", [flows.search.main, flows.publish.main])
def test_a_folder_that_is_no_store_is_said_in_a_sentence(
    command: Any, typed: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    typed(str(tmp_path), *(["words"] if command is flows.search.main else []))

    with pytest.raises(SystemExit, match="1"):
        command()

    assert "no Poolhouse store" in capsys.readouterr().out
