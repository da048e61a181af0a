"""A Prefect server for benchmarks, with a port and a database of its own."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from benchmarks.results import CACHE, ENVIRONMENT, ROOT

URL = "http://127.0.0.1:4299/api"


@contextmanager
def running_server() -> Iterator[dict[str, str]]:
    """The environment of processes that use it; the server ends with the block."""
    environment = {**ENVIRONMENT, "PREFECT_API_URL": URL, "PREFECT_HOME": str(CACHE / "prefect")}
    run_python("-m", "flows.server", "up", environment=environment)
    try:
        yield environment
    finally:
        run_python("-m", "flows.server", "down", environment=environment)


def run_python(*arguments: str, environment: dict[str, str] | None = None) -> str:
    """Run this interpreter in the checkout; returns what it printed.

    Raises:
        RuntimeError: It failed; the message ends with what it said.
    """
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        env=environment or ENVIRONMENT,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        said = (done.stdout + done.stderr).strip()[-2_000:]
        raise RuntimeError(f"python {' '.join(arguments)} failed with {done.returncode}:\n{said}")
    return done.stdout
