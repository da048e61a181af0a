"""One `prefect server start` process of this checkout: launched, waited for, recognised, ended.

Knows processes, the pid file and an address's health check. Does not decide when to start or stop.
"""

import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from http import HTTPStatus
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import urlopen

START_TIMEOUT_S = 180.0
STOP_TIMEOUT_S = 30.0
NEWBORN_S = 1.0  # so long a new process may not yet be seen as what it becomes
LOG_LINES_SHOWN = 15


def is_answering(url: str, patience_s: float = 2.0) -> bool:
    """Tell whether a Prefect API answers at the address; a busy one takes its time."""
    try:
        with urlopen(f"{url}/health", timeout=patience_s) as response:
            return bool(response.status == HTTPStatus.OK)
    except HTTPError as error:
        return error.code in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}  # it wants a key
    except OSError:  # URLError is one
        return False


def is_local(url: str) -> bool:
    """Tell whether the address is this machine's own."""
    return urlsplit(url).hostname in {"127.0.0.1", "localhost", "::1"}


def launch(url: str, home: Path) -> int:
    """Start a server for the address that outlives this process; return its process id.

    Raises:
        SystemExit: another program listens there.
    """
    host, port = str(urlsplit(url).hostname), urlsplit(url).port or 80
    if is_taken(host, port):
        raise SystemExit(
            f"A program that is no Prefect server listens on port {port} of {host}. Stop it, or "
            "choose another port: api.url in pyproject.toml."
        )
    command = [sys.executable, "-m", "prefect", "server", "start"]
    command += ["--host", host, "--port", str(port)]
    home.mkdir(parents=True, exist_ok=True)
    with log_file(home).open("w") as log:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
        )
    pid_file(home).write_text(str(process.pid))
    return process.pid


def is_taken(host: str, port: int) -> bool:
    """Tell whether a program listens on the port."""
    try:
        with socket.create_connection((host, port), timeout=2):
            return True
    except OSError:
        return False


def wait_until_healthy(pid: int, url: str, home: Path) -> float:
    """Return the seconds that it took until the server answered.

    Raises:
        SystemExit: the process ended, or did not answer in time and was ended; with its last words.
    """
    began = time.monotonic()
    while not is_answering(url):
        seconds = time.monotonic() - began
        has_ended = seconds > NEWBORN_S and not is_our_server(pid)
        if has_ended or seconds > START_TIMEOUT_S:
            end(pid, home)
            raise SystemExit(
                f"The Prefect server did not come up in {seconds:.0f} s. "
                f"{log_file(home)} ends with:\n{last_words(home)}"
            )
        time.sleep(0.2)
    return time.monotonic() - began


def running_pid(home: Path) -> int | None:
    """Return the process id of the server that this checkout started, if it still runs."""
    try:
        pid = int(pid_file(home).read_text())
    except (FileNotFoundError, ValueError):
        return None
    return pid if is_our_server(pid) else None


def end(pid: int, home: Path) -> None:
    """End the process, by force if it does not obey, and forget it."""
    signal_server(pid, signal.SIGTERM)
    deadline = time.monotonic() + STOP_TIMEOUT_S
    while is_our_server(pid):
        if time.monotonic() > deadline:
            signal_server(pid, signal.SIGKILL)
        time.sleep(0.1)
    pid_file(home).unlink(missing_ok=True)


def signal_server(pid: int, number: signal.Signals) -> None:
    """Send the signal if the process is still our server."""
    with suppress(ProcessLookupError):
        if is_our_server(pid):
            os.kill(pid, number)


def is_our_server(pid: int) -> bool:
    """Tell whether the process is a Prefect server run by this environment's Python.

    A process id alone is not enough: after a restart it may be anybody's.
    """
    python, *arguments = command_line(pid) or [""]
    ours = Path(python).parent == Path(sys.executable).parent
    return ours and arguments[:4] == ["-m", "prefect", "server", "start"]


def command_line(pid: int) -> list[str]:
    """Return the words of a process's command line; none where it has ended."""
    if Path("/proc/self/cmdline").exists():
        try:
            return Path(f"/proc/{pid}/cmdline").read_text().split("\0")
        except (FileNotFoundError, ProcessLookupError):
            return []
    shown = subprocess.run(
        ["ps", "-ww", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return shown.stdout.split()


def last_words(home: Path) -> str:
    """Return the last lines of the server's output."""
    return "\n".join(log_file(home).read_text().splitlines()[-LOG_LINES_SHOWN:])


def pid_file(home: Path) -> Path:
    """Return where the process id stands; `prefect server stop` reads it too."""
    return home / "server.pid"


def log_file(home: Path) -> Path:
    """Return where the server's output goes."""
    return home / "server.log"
