"""Let GELU overwrite its input. Knows activations, no model and no texts.

On a CPU the widest states of a layer are larger than its caches, and writing them once more takes
longer than the function itself.
"""

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional
from transformers.activations import GELUActivation


def overwrite_in_gelu(module: Any, *, is_on: bool) -> None:
    """Set all activations of the module that are GELU, by its error function.

    Whether nothing else reads what they overwrite has to be tried (embedding/packing.py).
    """
    chosen: Any = _gelu if is_on else functional.gelu
    for activation in module.modules():
        if isinstance(activation, GELUActivation) and activation.act in (functional.gelu, _gelu):
            activation.act = chosen


def _gelu(states: Tensor) -> Tensor:
    """The same function; a gradient would need the states as they were."""
    if torch.is_grad_enabled():
        return functional.gelu(states)
    overwritten: Tensor = torch.ops.aten.gelu_(states)
    return overwritten
