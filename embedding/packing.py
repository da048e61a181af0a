"""Decide whether a transformer can run without padding. Knows one trial batch, no corpus.

Some families give wrong states for a packed row without an error, and one claims to be able and is
not. So it is tried: packed states must be those of the padded batch, in every layer.
"""

import inspect
import logging
from dataclasses import replace
from typing import Any

import numpy as np
import torch

from embedding.batches import PackedBatch, order_longest_first, pack_batch
from embedding.in_place import overwrite_in_gelu
from embedding.model import Transformer, count_rows
from embedding.tokenized import TokenRows
from embedding.tokenizer import TextTokenizer
from pooling.shapes import TokenStates

logger = logging.getLogger(__name__)

# How many ids the texts of the trial have: two are equally long, and share a run.
LENGTHS = (1, 7, 7, 24)
# Where a config says how far a token sees. Some families say so in a mask alone, which is not built
# here: what is wrong then shows only in a text that is longer.
WINDOWS = ("sliding_window", "local_attention", "attention_chunk_size", "window_size")
BEYOND = 8
# A longer text would take too long to try.
LONGEST = 1_024
# Neighbouring ids differ, and none comes twice within as many as there are.
STRIDE = 7_919
# Of states, largest difference beside the largest state.
TOLERANCE = 1e-5


def without_padding(transformer: Transformer, tokenizer: TextTokenizer) -> Transformer:
    """The transformer set to run without padding, if that changes nothing; else as it is.

    Only on a CPU and in float32, where it was measured.
    """
    module = transformer.module
    accepts = "position_ids" in inspect.signature(module.forward).parameters
    if transformer.device != "cpu" or module.dtype != torch.float32:
        return transformer
    if not (accepts and module.is_backend_compatible()):
        return transformer
    seen = _farthest_seen(module.config)
    if LONGEST <= seen < tokenizer.max_tokens:
        logger.info(
            "%s: a window of %d is too long to be tried; it runs padded", type(module), seen
        )
        return transformer
    rows = _trial_rows(transformer, [*LENGTHS, seen + BEYOND], most_ids=max(1, tokenizer.room))
    packed = replace(transformer, is_packed=True)
    batch = pack_batch(rows, order_longest_first(rows), tokenizer.template)
    padded = _all_states(transformer, batch)
    overwrite_in_gelu(module, is_on=True)
    difference = _difference(packed, batch, padded)
    if difference <= TOLERANCE:
        return packed
    overwrite_in_gelu(module, is_on=False)
    logger.info("%s: packed states differ by %.1e; it runs padded", type(module), difference)
    return transformer


def _farthest_seen(config: Any) -> int:
    """The longest window, in tokens, that the config states; 0: it states none."""
    stated = [getattr(config.get_text_config(), name, None) for name in WINDOWS]
    return max((number for number in stated if isinstance(number, int)), default=0)


def _trial_rows(transformer: Transformer, lengths: list[int], *, most_ids: int) -> TokenRows:
    """Rows of various ids, of these lengths or as much of them as the encoder reads."""
    sizes = np.minimum(lengths, most_ids)
    num_ids = count_rows(transformer)
    ids = np.arange(sizes.sum()) * STRIDE % num_ids
    ids = np.where(ids == transformer.pad_id, (ids + 1) % num_ids, ids)
    return TokenRows(
        ids=ids.astype(np.int32),
        offsets=np.cumsum([0, *sizes], dtype=np.int64),
        prompt_tokens=np.zeros(len(sizes), np.int32),
    )


@torch.inference_mode()
def _all_states(transformer: Transformer, batch: PackedBatch) -> dict[int, TokenStates]:
    return transformer.forward(batch, range(transformer.num_layers + 1)).states


def _difference(packed: Transformer, batch: PackedBatch, padded: dict[int, TokenStates]) -> float:
    """The largest difference of states, beside the largest of them; infinite if it cannot run."""
    try:
        found = _all_states(packed, batch)
    except (RuntimeError, TypeError, ValueError, IndexError, AttributeError):
        return float("inf")  # a family with an attention of its own, which takes no runs
    largest = [
        (found[layer] - states).abs().max() / states.abs().max().clamp_min(1)
        for layer, states in padded.items()
    ]
    return float(np.nan_to_num(torch.stack(largest).max().item(), nan=np.inf))
