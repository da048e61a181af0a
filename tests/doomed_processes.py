"""Processes of a pool that hang or die in the middle of a forward, one in all of them together.

Imported by the processes that tests start.
"""

import json
import os
import signal
import time
from pathlib import Path
from typing import Any

from torch.nn import Module
from torch.nn.modules.module import register_module_forward_pre_hook

import tasks.hangs
from tasks.in_work import IN_WORK
from tasks.runners import begin_process

PATIENCE_S = 1.0


def begin_and_hang(marker: Path, *given: Any) -> None:
    """Begin as processes do; the first forward of the first one that gets there hangs."""
    is_armed = False

    def hang(module: Module, _: Any) -> None:
        nonlocal is_armed
        if is_armed:
            time.sleep(600)
        if _is_encoder(module) and _is_first(marker):
            tasks.hangs.HANGS_AFTER_S, is_armed = PATIENCE_S, True

    begin_process(*given)
    register_module_forward_pre_hook(hang)


def begin_and_count(*given: Any) -> None:
    """Begin as processes do, and have seven rows in work."""
    begin_process(*given)
    IN_WORK.note_group("a chunk", 7)


def begin_and_die(store: Path, marker: Path, *given: Any) -> None:
    """Begin as processes do; one is killed in its first forward after vectors were committed.

    The marker then holds the records of all commits, by their paths, as JSON.
    """

    def die(module: Module, _: Any) -> None:
        if not _is_encoder(module):
            return
        found = list(store.glob("datasets/*/commits/*.json"))
        has_vectors = any("_mean" in path.parts[-3] for path in found)
        if has_vectors and _is_first(marker):
            records = {str(path): path.read_text() for path in found}
            marker.write_text(json.dumps(records))
            os.kill(os.getpid(), signal.SIGKILL)

    begin_process(*given)
    register_module_forward_pre_hook(die)


def _is_encoder(module: Module) -> bool:
    """Whether this is a whole model in use: loaded and tried out, it has a hook of its own."""
    return bool(module._forward_pre_hooks)


def _is_first(marker: Path) -> bool:
    try:
        marker.touch(exist_ok=False)
    except FileExistsError:
        return False
    return True
