"""What the server commands say and which process they touch, without starting a server."""

import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from prefect.settings import PREFECT_API_URL, PREFECT_HOME, temporary_settings

from flows import server, server_process

SILENT = "http://127.0.0.1:9/api"  # the discard port: nobody answers there


@pytest.fixture
def silent_home(tmp_path: Path) -> Iterator[Path]:
    with temporary_settings({PREFECT_API_URL: SILENT, PREFECT_HOME: str(tmp_path)}):
        yield tmp_path


@pytest.mark.usefixtures("silent_home")
def test_a_missing_server_is_answered_with_make_up() -> None:
    with pytest.raises(SystemExit, match=r"No Prefect server answers at .*:9/api. .*make up"):
        server.require_server()


def test_a_server_elsewhere_is_never_started_here() -> None:
    with (
        temporary_settings({PREFECT_API_URL: "http://prefect.invalid/api"}),
        pytest.raises(SystemExit, match="PREFECT_API_URL"),
    ):
        server.start_server()


def test_a_process_that_is_not_our_server_is_left_alone(silent_home: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as stranger:
        server_process.pid_file(silent_home).write_text(str(stranger.pid))

        server.stop_server()

        assert stranger.poll() is None


def test_a_stale_process_id_is_no_server(silent_home: Path) -> None:
    server_process.pid_file(silent_home).write_text("not a number")

    assert server_process.running_pid(silent_home) is None


def test_a_port_that_another_program_holds_is_named(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as stranger:
        port = stranger.getsockname()[1]

        with pytest.raises(SystemExit, match=f"no Prefect server listens on port {port}"):
            server_process.launch(f"http://127.0.0.1:{port}/api", tmp_path)


def test_a_server_that_cannot_start_shows_its_last_words(
    silent_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server_process.log_file(silent_home).write_text("Port 9 is already in use.")
    monkeypatch.setattr(server_process, "launch", lambda url, home: 2**22 + 1)  # no such process

    with pytest.raises(SystemExit, match="already in use"):
        server.start_server()


def test_up_deploys_into_no_server_that_somebody_else_started(
    silent_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server_process, "is_answering", lambda *_: True)
    monkeypatch.delenv("PREFECT_API_URL", raising=False)
    with pytest.raises(SystemExit, match=r"not started from here.*PREFECT_API_URL=.* make up"):
        server.refuse_foreign_server()

    monkeypatch.setenv("PREFECT_API_URL", SILENT)
    server.refuse_foreign_server()
    assert list(silent_home.iterdir()) == []
