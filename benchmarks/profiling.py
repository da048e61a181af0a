"""Where the time of a call goes, by kinds of operators. Knows torch's profiler, no model."""

import os
import time
from collections.abc import Callable
from typing import Any

import torch
from torch.profiler import ProfilerActivity, profile

# The first kind whose word is in an operator's name takes it.
KINDS = {
    "attention": ("attention", "softmax", "fmha", "flash"),
    "matrix products": ("mm", "matmul", "linear", "gemm", "cutlass", "nvjet"),
    "GELU": ("gelu",),
    "layer norm": ("layer_norm",),
    "copies": ("copy", "cat", "index", "embedding", "gather", "scatter", "memcpy"),
    "additions": ("add", "elementwise"),
}
os.environ.setdefault("KINETO_LOG_LEVEL", "99")  # or the profiler talks to the terminal
REST, OUTSIDE = "other operators", "outside operators: Python, tokenising, waiting"


def shares_of_time(work: Callable[[], object]) -> dict[str, float]:
    """Of the wall time of the call, the share of each kind of operator; together 1.

    Time on a GPU is counted where there is one; `outside` is then what the device is idle.
    """
    work()
    is_cuda = torch.cuda.is_available()
    activities = [ProfilerActivity.CUDA if is_cuda else ProfilerActivity.CPU]
    with profile(activities=activities) as found:
        started = time.perf_counter()
        work()
        if is_cuda:
            torch.cuda.synchronize()
        seconds = time.perf_counter() - started
    shares = dict.fromkeys([*KINDS, REST], 0.0)
    for event in found.key_averages():
        shares[kind_of(event.key)] += _seconds(event, is_cuda=is_cuda) / seconds
    shares[OUTSIDE] = max(0.0, 1 - sum(shares.values()))
    return shares


def _seconds(event: Any, *, is_cuda: bool) -> float:
    """Its own time, without the operators that it called."""
    microseconds = event.self_device_time_total if is_cuda else event.self_cpu_time_total
    return float(microseconds) / 1e6


def kind_of(operator: str) -> str:
    """The kind of an operator or of a kernel, by its name."""
    name = operator.lower()
    return next((kind for kind, words in KINDS.items() if any(w in name for w in words)), REST)
