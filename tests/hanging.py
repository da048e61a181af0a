"""A process of a pool whose first forward never ends, once in all processes together.

Imported by the processes that tests start.
"""

import time
from pathlib import Path
from typing import Any

from torch.nn import Module
from torch.nn.modules.module import register_module_forward_pre_hook

import tasks.hangs
from tasks.runners import begin_process

PATIENCE_S = 1.0


def begin_and_hang(marker: Path, *given: Any) -> None:
    """Begin as processes do; the first forward of the first one that gets there hangs."""
    begin_process(*given)
    is_armed = False

    def hang(module: Module, _: Any) -> None:
        nonlocal is_armed
        if is_armed:
            time.sleep(600)
        # a model that is loaded and has been tried out has a hook of its own, which comes next
        if module._forward_pre_hooks and _is_first(marker):
            tasks.hangs.HANGS_AFTER_S, is_armed = PATIENCE_S, True

    register_module_forward_pre_hook(hang)


def _is_first(marker: Path) -> bool:
    try:
        marker.touch(exist_ok=False)
    except FileExistsError:
        return False
    return True
