"""Source files behind a web server: what it fails to say makes no file gone."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import fsspec
import pytest

from data import ChunkFailure, Plan, make_plan, read_chunks
from data.sources.source_file import identify_file
from data.stores.file_errors import network_errors
from tests.stores import corpus_of, write_texts
from tests.web_server import HANG_UP, Request, WebServer, serving

HICCUPS = [429, 500, 502, 503, HANG_UP]
Fails = Callable[[Request], bool]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[WebServer]:
    """A server of two files."""
    for name in ("a.parquet", "b.parquet"):
        write_texts(tmp_path / "texts" / name, ["one"])
    with serving(tmp_path / "texts") as server:
        yield server


def plan_of(server: WebServer, path: str = "*.parquet") -> Plan:
    return make_plan(corpus_of(f"{server.url}/{path}"), chunk_rows=100, chunk_bytes=1 << 20)


def fail(server: WebServer, status: int, where: Fails) -> None:
    server.trouble = lambda request: status if where(request) else None


def asks_for(name: str) -> Fails:
    return lambda request: request.path.partition("?")[0] == f"/{name}"


def asks_for_bytes(request: Request) -> bool:
    return "Range" in request.headers


def test_an_index_gives_its_files(server: WebServer) -> None:
    assert [file.path for file in plan_of(server).files] == ["a.parquet", "b.parquet"]


@pytest.mark.parametrize("status", HICCUPS)
@pytest.mark.parametrize(
    "where", [asks_for(""), asks_for("a.parquet"), asks_for_bytes], ids=["index", "file", "bytes"]
)
def test_a_web_server_that_fails_while_files_are_listed_takes_none_out_of_the_corpus(
    server: WebServer, status: int, where: Fails
) -> None:
    fail(server, status, where)
    with pytest.raises(ConnectionError, match="cannot be read now"):
        plan_of(server)


@pytest.mark.parametrize("status", HICCUPS)
def test_a_file_that_is_asked_for_its_version_in_vain_is_not_gone(
    server: WebServer, status: int
) -> None:
    fail(server, status, asks_for("a.parquet"))
    url = f"{server.url}/a.parquet"
    with pytest.raises(ConnectionError, match=rf"{url} cannot be read now \("):
        identify_file(fsspec.filesystem("http"), url)


@pytest.mark.parametrize("status", [403, 404, 410])
def test_a_file_that_a_web_server_refuses_is_named_and_the_others_are_planned(
    server: WebServer, status: int
) -> None:
    fail(server, status, asks_for("a.parquet"))
    plan = plan_of(server)

    assert [file.path for file in plan.files] == ["b.parquet"]
    assert [file.path for file in plan.unreadable] == ["a.parquet"]


@pytest.mark.parametrize("status", HICCUPS)
def test_a_question_mark_in_a_url_is_no_wildcard(server: WebServer, status: int) -> None:
    assert [file.path for file in plan_of(server, "a.parquet?signed=1").files]
    fail(server, status, asks_for("a.parquet"))
    with pytest.raises(ConnectionError, match="cannot be read now"):
        plan_of(server, "a.parquet?signed=1")


@pytest.mark.parametrize("status", HICCUPS)
def test_a_path_that_gets_no_answer_is_not_one_that_is_not_there(
    server: WebServer, status: int
) -> None:
    fail(server, status, asks_for("a.parquet"))
    with pytest.raises(ConnectionError, match="cannot be read now"):
        plan_of(server, "a.parquet")


@pytest.mark.parametrize("status", HICCUPS)
@pytest.mark.parametrize("where", [asks_for("a.parquet"), asks_for_bytes], ids=["file", "bytes"])
def test_a_web_server_that_fails_while_a_chunk_is_read_is_asked_again(
    server: WebServer, status: int, where: Fails
) -> None:
    plan = plan_of(server)
    fail(server, status, where)
    with pytest.raises(ConnectionError, match="cannot be read now"):
        list(read_chunks(plan, plan.chunks))


@pytest.mark.parametrize(
    ("status", "said"),
    [(404, "it is gone"), (410, "it is gone"), (401, "may not read it"), (403, "may not read it")],
)
def test_a_file_that_is_gone_or_denied_fails_its_chunks_alone(
    server: WebServer, status: int, said: str
) -> None:
    plan = plan_of(server)
    fail(server, status, asks_for("a.parquet"))
    failure, rows = read_chunks(plan, plan.chunks)
    assert isinstance(failure, ChunkFailure)
    assert failure.reason.endswith(said)
    assert not isinstance(rows, ChunkFailure)


def test_nothing_is_imported_to_know_its_errors(monkeypatch: pytest.MonkeyPatch) -> None:
    for library in ("aiohttp", "botocore.exceptions", "httpx"):
        monkeypatch.delitem(sys.modules, library, raising=False)
    assert network_errors() == ()
