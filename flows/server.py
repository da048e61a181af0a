"""Start, find and stop the Prefect server of this checkout: `make up`, `make down`, the demo.

Knows the configured address: `[tool.prefect]` in pyproject.toml, or PREFECT_API_URL, which wins.
Knows no flow.
"""

import argparse
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from prefect.events.worker import EventsWorker
from prefect.logging.handlers import APILogHandler
from prefect.settings import get_current_settings

from flows import server_process
from flows.console import console

DRAIN_TIMEOUT_S = 10.0
PATIENCE_S = 30.0  # a server that writes many runs at once on a busy machine


def main() -> None:
    """Obey `python -m flows.server up` and `python -m flows.server down`."""
    parser = argparse.ArgumentParser(prog="python -m flows.server")
    parser.add_argument("command", choices=["up", "down"])
    if parser.parse_args().command == "up":
        refuse_foreign_server()
        start_server()
    else:
        stop_server()


def api_url() -> str:
    """Return the address of the configured Prefect API.

    Raises:
        SystemExit: none is configured, which is so outside the checkout.
    """
    url = get_current_settings().api.url
    if url is None:
        raise SystemExit(
            f"No Prefect server is configured in {Path.cwd()}. Run this in the checkout, whose "
            "pyproject.toml names one, or set PREFECT_API_URL."
        )
    return url


def refuse_foreign_server() -> None:
    """Return unless `make up` would deploy into a server that somebody else started.

    Raises:
        SystemExit: one answers that neither this checkout started nor PREFECT_API_URL names.
    """
    url = api_url()
    if "PREFECT_API_URL" in os.environ or server_process.running_pid(home()) is not None:
        return
    if server_process.is_answering(url):
        raise SystemExit(
            f"The server at {url} was not started from here, and its deployments would be replaced "
            f"by ours. If that is what you want, type: PREFECT_API_URL={url} make up. Else choose "
            "another port in pyproject.toml, [tool.prefect]."
        )


def require_server() -> None:
    """Return if the configured server answers.

    Raises:
        SystemExit: it does not; the message says what to type.
    """
    url = api_url()
    if not server_process.is_answering(url, PATIENCE_S):
        local = server_process.is_local(url)
        remedy = "Start it: make up" if local else "Start it, or choose another: PREFECT_API_URL"
        raise SystemExit(f"No Prefect server answers at {url}. {remedy}")


@contextmanager
def running_server() -> Iterator[None]:
    """Offer the server that answers, or else one of our own for as long as the block lasts.

    Both keep the same database, so that `make up` shows the runs of either.
    """
    is_started_here = start_server()
    try:
        yield
    finally:
        if is_started_here:
            send_what_is_queued()
            stop_server()


def send_what_is_queued() -> None:
    """Send the log lines and events that Prefect's client still holds; else they are lost."""
    APILogHandler().flush()
    EventsWorker.drain_all(timeout=DRAIN_TIMEOUT_S)


def start_server() -> bool:
    """Start a server unless one answers; return, once it is healthy, whether one was started.

    Raises:
        SystemExit: the address is another machine's, or the server does not come up.
    """
    url = api_url()
    if server_process.is_answering(url):
        console.print(f"A Prefect server answers at {url}.")
        return False
    if not server_process.is_local(url):
        require_server()
    console.print(f"Starting a Prefect server at {url} (a first start can need 40 s) ...")
    starting = server_process.running_pid(home())
    pid = starting or server_process.launch(url, home())
    with console.status("waiting for its health check"):
        seconds = server_process.wait_until_healthy(pid, url, home())
    console.print(f"The Prefect server is ready after {seconds:.0f} s.")
    return starting is None


def stop_server() -> None:
    """End the server that was started from this checkout, and no other process."""
    pid = server_process.running_pid(home())
    if pid is not None:
        server_process.end(pid, home())
        console.print("The Prefect server is stopped.")
    elif server_process.is_answering(api_url()):
        console.print(f"The server at {api_url()} was not started from here; it is left running.")
    else:
        console.print("No Prefect server is running.")


def home() -> Path:
    """Return the folder of Prefect's database, of its log and of the process id."""
    return get_current_settings().home


if __name__ == "__main__":
    main()
