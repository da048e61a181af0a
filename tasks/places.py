"""The place of a process on this machine: its core or GPU, and its end when its run is gone.

Knows devices. Does not know what is done there.
"""

import math
import os
from multiprocessing import parent_process
from threading import Thread
from typing import Any

import torch

from embedding import choose_device

_GAIN_PER_DOUBLING = 1.05
_MEASURED_CORES = 2
_ANY_GPU = ("auto", "cuda")


def num_places(device: str) -> int:
    """How many processes can work side by side: cores of a CPU, GPUs where the run may take any."""
    if choose_device(device) == "cpu":
        return _num_cores()
    return torch.cuda.device_count() if device in _ANY_GPU else 1


def gain_of_processes(device: str, num_processes: int) -> float:
    """How many times as fast so many processes are as one, which has the whole CPU or one GPU.

    Two were as fast as one with a thread for each of two cores; of more cores it is assumed that
    each doubling brings a little, as threads share Python's lock (docs/decisions/processes.md).
    Fewer processes than cores leave some idle.
    """
    if choose_device(device) == "cpu":
        doublings = math.log2(num_processes / _MEASURED_CORES)
        busy = min(1.0, num_processes / _num_cores())
        return busy * math.pow(_GAIN_PER_DOUBLING, max(0.0, doublings))
    return num_processes


def take_place(places: Any, device: str) -> int:
    """In a new process: one thread, or the next GPU as the only one that it sees.

    A GPU that the run names stays as it is: all processes share it. Without the process that
    started this one nobody asks for more, and it ends. Returns its number among the processes.
    """
    Thread(target=_end_with_parent, daemon=True).start()
    with places.get_lock():
        place, places.value = places.value, places.value + 1
    chosen = choose_device(device)
    if chosen == "cpu":
        torch.set_num_threads(1)
    elif chosen.startswith("cuda") and device in _ANY_GPU:
        _show_one_gpu(place)
    return int(place)


def _end_with_parent() -> None:
    """A process of a pool does not notice by itself that its run was killed, and keeps its memory.

    What it has not committed stays owed.
    """
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _show_one_gpu(place: int) -> None:
    shown = os.environ.get("CUDA_VISIBLE_DEVICES")
    devices = shown.split(",") if shown else [str(n) for n in range(torch.cuda.device_count())]
    os.environ["CUDA_VISIBLE_DEVICES"] = devices[place % len(devices)]


def _num_cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
