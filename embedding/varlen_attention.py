"""Attention of all texts of a packed batch at once, for CUDA. Knows where texts begin, no model.

torch's own kernel for texts of unequal length, which takes half precisions alone. It has not run
here: no GPU was at hand. So what it is given is tested, and an encoder attends this way only if it
gives the states of padded batches when it is loaded (embedding/packing.py).
"""

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from transformers import AttentionInterface

from embedding.packed_attention import PackedWay


def attend_at_once(  # noqa: PLR0913 - the signature of transformers' attention functions
    module: nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: None,
    *,
    bounds: Tensor,
    longest: int,
    sliding_window: int | None = None,
    scaling: float | None = None,
    is_causal: bool | None = None,
    **settings: Any,
) -> tuple[Tensor, None]:
    """The attention of each text over its own tokens: `[1, heads, tokens, size]` in, as sdpa out.

    A text's result does not depend on what shares its batch: keys are not split.

    Raises:
        ValueError: The family wants what the kernel does not have.
    """
    from torch.nn.attention.varlen import varlen_attn  # noqa: PLC0415 - torch 2.10 and newer

    if refused := [name for name in ("softcap", "position_bias") if settings.get(name) is not None]:
        raise ValueError(f"{type(module)}: attention with {refused[0]} cannot be packed here.")
    causal = is_causal if is_causal is not None else bool(getattr(module, "is_causal", True))
    reach = -1 if sliding_window is None else sliding_window - 1
    queries, keys, values = (states[0].transpose(0, 1) for states in (query, key, value))
    found: Any = varlen_attn(
        queries,
        keys,
        values,
        bounds,
        bounds,
        longest,
        longest,
        scale=scaling,
        window_size=(reach, 0 if causal else reach),
        enable_gqa=queries.shape[1] != keys.shape[1],
        num_splits=1,
    )
    return found.unsqueeze(0), None


def _bounds(lengths: np.ndarray, device: str) -> dict[str, Any]:
    bounds = np.cumsum([0, *lengths], dtype=np.int32)
    return {"bounds": torch.from_numpy(bounds).to(device), "longest": int(lengths.max())}


AT_ONCE = PackedWay("packed_at_once", _bounds)
AttentionInterface.register(AT_ONCE.name, attend_at_once)
