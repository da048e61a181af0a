"""A copy of the checkout with a real Prefect server of its own, for the commands that users type.

The copy shares the environment and the models by links and has everything else for itself: a free
port, an empty home folder, no variable exported but the PATH of an activated environment.
"""

import json
import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest

ROOT = Path(__file__).resolve().parents[2]
SHARED = (".venv", "models")
COMMAND_TIMEOUT_S = 400


@dataclass(frozen=True, slots=True)
class Checkout:
    """A checkout in which a user types commands."""

    folder: Path
    home: Path
    port: int

    def run(self, command: str) -> subprocess.CompletedProcess[str]:
        """Type the command; return what it said, whether it succeeded or not."""
        path = f"{self.folder / '.venv' / 'bin'}{os.pathsep}{os.environ['PATH']}"
        return subprocess.run(
            ["/bin/sh", "-c", command],
            cwd=self.folder,
            env={"PATH": path, "HOME": str(self.home)},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=COMMAND_TIMEOUT_S,
            check=False,
        )

    def type(self, command: str) -> str:
        """Type a command that must succeed; return what it said."""
        done = self.run(command)
        assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
        return done.stdout + done.stderr

    def ask_server(self, path: str, question: dict[str, Any]) -> Any:
        """Return the answer of the server's REST interface."""
        url = f"http://127.0.0.1:{self.port}/api/{path}"
        body = json.dumps(question).encode()
        headers = {"content-type": "application/json"}
        with urlopen(Request(url, data=body, headers=headers), timeout=20) as response:
            return json.load(response)


@pytest.fixture(scope="session")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """A copy of the checkout, nothing started in it."""
    return copy_checkout(tmp_path_factory)


@pytest.fixture
def lonely_checkout(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Checkout]:
    """Another copy, with a server of its own in which nothing is deployed."""
    copy = copy_checkout(tmp_path_factory)
    try:
        copy.type("python -m flows.server up")
        yield copy
    finally:
        copy.run("make down")


def copy_checkout(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    folder = tmp_path_factory.mktemp("copy") / "poolhouse"
    shutil.copytree(ROOT, folder, ignore=_left_out)
    for name in SHARED:
        (folder / name).symlink_to(ROOT / name)
    copy = Checkout(folder, tmp_path_factory.mktemp("home"), free_port())
    give_port(folder / "pyproject.toml", copy.port)
    if copy.run("make --question setup").returncode != 0:
        pytest.fail("The environment is not the one that `make setup` makes; run it first.")
    return copy


def _left_out(folder: str, names: list[str]) -> set[str]:
    """What git ignores, and git's own folder; a pattern that begins with / is meant for the top."""
    lines = [".git", *(ROOT / ".gitignore").read_text().split()]
    is_top = Path(folder) == ROOT
    patterns = [line.strip("/") for line in lines if is_top or not line.startswith("/")]
    return shutil.ignore_patterns(*patterns)(folder, names)


@pytest.fixture(scope="session")
def running_checkout(checkout: Checkout) -> Iterator[Checkout]:
    """The copy after `make up`."""
    try:
        checkout.type("make up")
        yield checkout
    finally:
        checkout.run("make down")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def give_port(pyproject: Path, port: int) -> None:
    """Change the server's port and not the file's time, by which make judges the environment."""
    times = pyproject.stat()
    pyproject.write_text(pyproject.read_text().replace(":4271/", f":{port}/"))
    os.utime(pyproject, ns=(times.st_atime_ns, times.st_mtime_ns))
