"""Attention within each text of a packed batch. Knows runs of equally long texts, no model.

A packed batch is one row that holds text after text, without padding. All of a transformer but its
attention works token by token and needs no more; attention is computed here, run by run, by the
kernel that transformers would use. No mask is built under this name, so none is in the way.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from threading import Condition
from typing import Any

import numpy as np
import torch
from jaxtyping import Int64
from torch import Tensor, nn
from transformers import AttentionInterface
from transformers.integrations.sdpa_attention import sdpa_attention_forward


@dataclass(frozen=True, slots=True)
class PackedWay:
    """How the texts of a packed batch attend, each to itself.

    Attributes:
        name: Under which transformers finds the function.
        describe: What the function is given besides, of texts of such lengths on a device.
    """

    name: str
    describe: Callable[[np.ndarray, str], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Run:
    """Consecutive texts of equal length within a packed batch.

    Attributes:
        start: The row of their first token.
        texts: How many.
        length: Tokens of each.
    """

    start: int
    texts: int
    length: int

    @property
    def end(self) -> int:
        """The row after their last token."""
        return self.start + self.texts * self.length


def find_runs(lengths: Int64[np.ndarray, " texts"]) -> list[Run]:
    """The runs of texts of these lengths, in order; few, where like lengths stand together."""
    first = np.flatnonzero(np.diff(lengths, prepend=-1))
    counts = np.diff(first, append=len(lengths))
    starts = (np.cumsum(lengths) - lengths)[first]
    return [
        Run(int(start), int(count), int(length))
        for start, count, length in zip(starts, counts, lengths[first], strict=True)
    ]


def attend_in_runs(  # noqa: PLR0913 - the signature of transformers' attention functions
    module: nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: None,
    *,
    runs: list[Run],
    sliding_window: int | None = None,
    **settings: Any,
) -> tuple[Tensor, None]:
    """The attention of each text over its own tokens: `[1, heads, tokens, size]` in, as sdpa out.

    With a sliding window, tokens i and j see each other if |i - j| < window, as transformers' own
    masks have it.
    """
    found = []
    for run in runs:
        size = (run.texts, run.length)
        queries, keys, values = (
            # [heads, tokens, size] to [texts, heads, length, size]
            states[0, :, run.start : run.end].reshape(len(states[0]), *size, -1).transpose(0, 1)
            for states in (query, key, value)
        )
        mask = None
        if sliding_window is not None and run.length > sliding_window:
            is_causal = bool(getattr(module, "is_causal", False))
            mask = _window_mask(
                run.length, sliding_window, is_causal=is_causal, device=query.device
            )
        output, _ = sdpa_attention_forward(module, queries, keys, values, mask, **settings)
        found.append(output.flatten(0, 1))
    return (found[0] if len(found) == 1 else torch.cat(found)).unsqueeze(0), None


@lru_cache(maxsize=1)
@torch.inference_mode(mode=False)  # a training that comes next could not use another
def _window_mask(length: int, window: int, *, is_causal: bool, device: torch.device) -> Tensor:
    """The layers of a pass share it: of 8,192 tokens it takes 64 MB."""
    near = torch.ones(length, length, dtype=torch.bool, device=device).triu_(1 - window)
    return near.tril_(0 if is_causal else window - 1)


class AttentionSwitch:
    """How a model attends: a setting of its config, which all threads share.

    Threads that want it alike go at once; others wait until they are done.

    Attributes:
        way: How texts attend that are packed.
    """

    def __init__(self, config: Any, way: PackedWay) -> None:
        self.way = way
        self._config = config
        self._own = config._attn_implementation
        self._inside, self._changed = 0, Condition()

    @contextmanager
    def attending(self, *, is_packed: bool) -> Iterator[None]:
        """Let the model attend as packed texts do, or as by itself, while the block lasts."""
        wanted = self.way.name if is_packed else self._own
        with self._changed:
            self._changed.wait_for(lambda: not self._inside or self._is_set_to(wanted))
            self._inside += 1
            self._config._attn_implementation = wanted
        try:
            yield
        finally:
            with self._changed:
                self._inside -= 1
                if not self._inside:
                    self._config._attn_implementation = self._own
                    self._changed.notify_all()

    def _is_set_to(self, wanted: str) -> bool:
        return bool(self._config._attn_implementation == wanted)


IN_RUNS = PackedWay("packed_runs", lambda lengths, _: {"runs": find_runs(lengths)})
AttentionInterface.register(IN_RUNS.name, attend_in_runs)
