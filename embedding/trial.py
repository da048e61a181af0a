"""One batch on which ways to run a transformer are compared. Knows ids and states, no way to run.

A family may give wrong states another way without an error. So each way is tried when the model is
loaded: its states must be those of the way before, after every layer.
"""

import logging
from collections.abc import Sequence

import numpy as np
import torch

from embedding.batches import PackedBatch, order_longest_first, pack_batch
from embedding.model import Transformer, count_rows
from embedding.tokenized import TokenRows
from embedding.tokenizer import TextTokenizer
from pooling.shapes import TokenStates

logger = logging.getLogger(__name__)

# How many ids the texts of a trial have: two are equally long, and share a run.
LENGTHS = (1, 7, 7, 24)
# Neighbouring ids differ, and none comes twice within as many as there are.
STRIDE = 7_919
# Of states, largest difference beside the largest state, by what is computed in.
TOLERANCES = {torch.float32: 1e-5, torch.float16: 1e-2, torch.bfloat16: 5e-2}

States = dict[int, TokenStates]


def trial_batch(
    transformer: Transformer, tokenizer: TextTokenizer, lengths: Sequence[int] = LENGTHS
) -> PackedBatch:
    """Texts of various ids, of these lengths or as much of them as the encoder reads."""
    sizes = np.minimum(lengths, max(1, tokenizer.room))
    num_ids = count_rows(transformer)
    ids = np.arange(sizes.sum()) * STRIDE % num_ids
    ids = np.where(ids == transformer.pad_id, (ids + 1) % num_ids, ids)
    rows = TokenRows(
        ids=ids.astype(np.int32),
        offsets=np.cumsum([0, *sizes], dtype=np.int64),
        prompt_tokens=np.zeros(len(sizes), np.int32),
    )
    return pack_batch(rows, order_longest_first(rows), tokenizer.template)


@torch.inference_mode()
def all_states(transformer: Transformer, batch: PackedBatch) -> States:
    """After each layer, the embedding output first."""
    return transformer.forward(batch, range(transformer.num_layers + 1)).states


def gives_same(transformer: Transformer, batch: PackedBatch, expected: States) -> bool:
    """Whether states are as expected; if not, or if it cannot run, that is logged."""
    apart = _difference(transformer, batch, expected)
    if apart <= TOLERANCES[transformer.module.dtype]:
        return True
    logger.info("%s: its states differ by %.1e so", type(transformer.module), apart)
    return False


def _difference(transformer: Transformer, batch: PackedBatch, expected: States) -> float:
    """The largest difference of states, beside the largest of them; infinite if it cannot run."""
    try:
        found = all_states(transformer, batch)
    except (RuntimeError, TypeError, ValueError, IndexError, AttributeError, ImportError):
        return float("inf")  # a family with code of its own, which does not go this way
    largest = [
        (found[layer] - states).abs().max() / states.abs().max().clamp_min(1)
        for layer, states in expected.items()
    ]
    return float(np.nan_to_num(torch.stack(largest).max().item(), nan=np.inf))
