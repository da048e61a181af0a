"""What was measured, as figures that name their machine: kept in a file, newest wins.

Knows no engine.
"""

import os
import platform
import statistics
import subprocess
import sys
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import torch
from pydantic import BaseModel
from rich.console import Console

ROOT = Path(__file__).parents[1]
CACHE = ROOT / ".bench"
RESULTS = CACHE / "results.jsonl"
# Importing flows, which Prefect does by itself, sets how torch's threads wait. That slows the peers
# (docs/log.md): they get the environment from before, and flows' console is not used here.
ENVIRONMENT = dict(os.environ)
PACKAGES = (
    "torch",
    "transformers",
    "sentence-transformers",
    "tokenizers",
    "onnxruntime",
    "fastembed",
    "pyarrow",
    "prefect",
)

console = Console(highlight=False, width=None if sys.stdout.isatty() else 160)


class NotMeasured(Exception):
    """What is needed for a measurement is not here; the message says what would bring it."""


class Figure(BaseModel):
    """One measured value: the median of some rounds, and the least and the most of them.

    Attributes:
        what: The row of the table.
        unit: What the value counts; `times` for a ratio.
        goal: What it ought to be, in words.
        note: Why there is no value, or what else the reader must know.
    """

    what: str
    value: float | None = None
    least: float | None = None
    most: float | None = None
    unit: str = "times"
    goal: str = ""
    note: str = ""


class Measurement(BaseModel):
    """The figures of one piece on one corpus, with all that they depend on."""

    piece: str
    corpus: str
    about: str
    figures: list[Figure]
    date: str = ""
    commit: str = ""
    size: str = ""
    machine: str = ""
    versions: str = ""


def median_of(what: str, values: Sequence[float], unit: str = "times", **more: str) -> Figure:
    """A figure from the values of all rounds."""
    middle = statistics.median(values)
    return Figure(what=what, value=middle, least=min(values), most=max(values), unit=unit, **more)


def not_measured(what: str, why: str) -> Figure:
    """A figure without a value, and what would bring one."""
    return Figure(what=what, note=f"not measured ({why})")


def save(found: Measurement, size: str) -> Measurement:
    """Append it to the results of this checkout, with date, commit, machine and versions."""
    signed = found.model_copy(
        update={
            "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M"),
            "commit": _commit(),
            "size": size,
            "machine": describe_machine(),
            "versions": describe_versions(),
        }
    )
    CACHE.mkdir(exist_ok=True)
    with RESULTS.open("a") as file:
        file.write(signed.model_dump_json() + "\n")
    return signed


def newest(size: str) -> list[Measurement]:
    """The last measurement of each piece and corpus in this size, in order of the pieces' names."""
    lines = RESULTS.read_text().splitlines() if RESULTS.exists() else []
    found = [Measurement.model_validate_json(line) for line in lines]
    last = {(one.piece, one.corpus): one for one in found if one.size == size}
    return list(last.values())


def is_measured(piece: str, corpus: str, size: str) -> bool:
    """Whether this commit has such a result already; some pieces are of no corpus."""
    commit = _commit()
    return any(
        (one.piece, one.commit) == (piece, commit) and one.corpus in (corpus, "")
        for one in newest(size)
    )


def describe_machine() -> str:
    """Processor, cores, memory and GPUs, and how busy the machine was."""
    gpus = [torch.cuda.get_device_name(n) for n in range(torch.cuda.device_count())]
    memory_gb = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    busy = os.getloadavg()[1]
    return (
        f"{_processor()}, {os.cpu_count()} cores, {memory_gb:.0f} GB, "
        f"{', '.join(gpus) or 'no GPU'}; load {busy:.1f}"
    )


def describe_versions() -> str:
    """Python and the packages that matter for speed."""
    return ", ".join([f"Python {platform.python_version()}", *_installed(PACKAGES)])


def _installed(names: Iterable[str]) -> list[str]:
    found = []
    for name in names:
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            continue
    return found


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    names = [line.split(":")[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def _commit() -> str:
    done = subprocess.run(
        ["git", "describe", "--always", "--dirty", "--exclude=*"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout.strip() or "no commit"
