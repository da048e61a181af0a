"""What a process does first: its core or GPU, and its end when the run is gone."""

import os
import signal
import subprocess
import sys
import time
from multiprocessing import get_context
from pathlib import Path

import pytest
import torch

from tasks.places import gain_of_processes, take_place

ROOT = Path(__file__).parents[2]
RUN = """
import os, time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from tasks.places import take_place

context = get_context("spawn")
pool = ProcessPoolExecutor(1, context, take_place, (context.Value("i", 0), "cpu"))
print(pool.submit(os.getpid).result(), flush=True)
time.sleep(600)
"""


@pytest.fixture
def gpus(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine with three GPUs, all of them shown."""
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 3)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")


def places(*devices: str) -> list[str]:
    """The GPUs that processes see which begin one after another."""
    taken, found = get_context("spawn").Value("i", 0), []
    for device in devices:
        os.environ["CUDA_VISIBLE_DEVICES"] = ""
        take_place(taken, device)
        found.append(os.environ["CUDA_VISIBLE_DEVICES"])
    return found


@pytest.mark.usefixtures("gpus")
def test_each_process_sees_a_gpu_of_its_own_and_then_they_share() -> None:
    assert places("auto", "cuda", "auto", "auto") == ["0", "1", "2", "0"]


@pytest.mark.usefixtures("gpus")
def test_a_device_that_is_named_stays_where_processes_look_for_it() -> None:
    assert places("cuda:1", "cuda:1") == ["", ""]


@pytest.mark.usefixtures("gpus")
def test_cores_gain_less_by_processes_than_gpus(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tasks.places._num_cores", lambda: 8)
    assert gain_of_processes("cuda", 4) == 4
    assert gain_of_processes("cpu", 4) == pytest.approx(1.05 / 2)  # half of the cores are idle
    assert gain_of_processes("cpu", 8) == pytest.approx(1.05 * 1.05)


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="it is /proc that is asked")
def test_a_process_ends_when_the_run_that_started_it_is_killed() -> None:
    run = subprocess.Popen([sys.executable, "-c", RUN], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert run.stdout is not None
    child = int(run.stdout.readline())
    run.send_signal(signal.SIGKILL)
    run.wait()
    deadline = time.monotonic() + 10
    while is_alive(child) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not is_alive(child)


def is_alive(process: int) -> bool:
    """Whether it runs; one that has ended and that nobody has asked about does not."""
    try:
        return Path(f"/proc/{process}/stat").read_text().split()[2] != "Z"
    except FileNotFoundError:
        return False
