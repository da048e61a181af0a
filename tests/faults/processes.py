"""Processes of their own that work on a store and can be killed: forked from one that has imported
the data room, so that each starts in hundredths of a second.

Knows how a process ends. What it does is in tests/faults/work.py.
"""

import multiprocessing
import os
import signal
import time
from collections.abc import Callable
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(["tests.faults.work", "data.stores.s3_store", "s3fs"])
PATIENCE_S = 120.0


def start(work: Callable[..., None], *given: Any) -> BaseProcess:
    """A process that does the work and ends; its exit code tells how."""
    process = _CONTEXT.Process(target=work, args=given, daemon=True)
    process.start()
    return process


def end(process: BaseProcess) -> int:
    """Wait, and say how it ended: 0, 1 for an exception, or the signal as a negative number."""
    process.join(PATIENCE_S)
    code = process.exitcode
    if code is None:
        process.kill()
        raise TimeoutError(f"{process.name} did not end within {PATIENCE_S} s")
    process.close()
    return code


def send(process: BaseProcess, number: signal.Signals) -> None:
    """Send a signal, unless the process has ended by itself."""
    if process.is_alive() and process.pid is not None:
        os.kill(process.pid, number)


def wait_until_stopped(process: BaseProcess) -> None:
    """Return once the process has stopped itself, as SIGSTOP does."""
    status = Path(f"/proc/{process.pid}/stat")
    deadline = time.monotonic() + PATIENCE_S
    while status.read_text().rpartition(")")[2].split()[0] != "T":
        if time.monotonic() > deadline:
            raise TimeoutError(f"{process.name} did not stop within {PATIENCE_S} s")
        time.sleep(0.005)
