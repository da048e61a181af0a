"""Decide whether a transformer can run without padding. Knows one trial batch, no corpus.

Some families give wrong states for a packed row without an error, and one claims to be able and is
not. So it is tried: packed states must be those of the padded batch, in every layer.
"""

import inspect
import logging
from dataclasses import replace

import numpy as np
import torch

from embedding.batches import PackedBatch, order_longest_first, pack_batch
from embedding.model import Transformer
from embedding.tokenizer import TextTokenizer

logger = logging.getLogger(__name__)

TEXTS = (
    "a",
    "Three texts share one row here.",
    "No token of a text may see a token of another one, whatever their places and lengths are.",
    "1 2 3 4 5 6 7",
)
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
    tokenized = tokenizer.tokenize(TEXTS)
    rows = order_longest_first(tokenized)
    if not (accepts and module.is_backend_compatible() and len(rows)):
        return transformer
    packed = replace(transformer, is_packed=True)
    difference = _difference(packed, pack_batch(tokenized, rows, tokenizer.template))
    if difference <= TOLERANCE:
        return packed
    logger.info("%s: packed states differ by %.1e; it runs padded", type(module), difference)
    return transformer


@torch.inference_mode()
def _difference(packed: Transformer, batch: PackedBatch) -> float:
    """The largest difference of states, beside the largest of them; infinite if it cannot run."""
    layers = range(packed.num_layers + 1)
    padded = replace(packed, is_packed=False).forward(batch, layers)
    try:
        found = packed.forward(batch, layers)
    except (RuntimeError, TypeError, ValueError, IndexError, AttributeError):
        return float("inf")  # a family with an attention of its own, which takes no runs
    largest = [
        (found.states[layer] - padded.states[layer]).abs().max()
        / padded.states[layer].abs().max().clamp_min(1)
        for layer in layers
    ]
    return float(np.nan_to_num(torch.stack(largest).max().item(), nan=np.inf))
