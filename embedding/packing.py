"""Decide whether a transformer can run without padding, and with blocked weights. Knows a trial.

Some families give wrong states for a packed row without an error, and one claims to be able and is
not. So packed states are compared with those of the padded batch, and blocked with plain ones.
"""

import inspect
import logging
from dataclasses import replace
from typing import Any

import torch

from embedding.blocked_linear import block_weights, can_block, unblock_weights
from embedding.in_place import overwrite_in_gelu
from embedding.model import Transformer
from embedding.tokenizer import TextTokenizer
from embedding.trial import LENGTHS, all_states, gives_same, trial_batch

logger = logging.getLogger(__name__)

# What each kind of device computes packed: what was measured, or what its kernel takes.
DTYPES = {"cpu": (torch.float32,), "cuda": (torch.float16, torch.bfloat16)}
# Where a config says how far a token sees. Some families say so in a mask alone, which is not built
# here: what is wrong then shows only in a text that is longer.
WINDOWS = ("sliding_window", "local_attention", "attention_chunk_size", "window_size")
BEYOND = 8
# A longer text would take too long to try.
LONGEST = 1_024


def without_padding(transformer: Transformer, tokenizer: TextTokenizer) -> Transformer:
    """The transformer set to run without padding, if that changes nothing; else as it is."""
    module = transformer.module
    device = torch.device(transformer.device).type
    accepts = "position_ids" in inspect.signature(module.forward).parameters
    if module.dtype not in DTYPES.get(device, ()):
        return transformer
    if not (accepts and module.is_backend_compatible()):
        return transformer
    seen = _farthest_seen(module.config)
    if LONGEST <= seen < tokenizer.max_tokens:
        logger.info(
            "%s: a window of %d is too long to be tried; it runs padded", type(module), seen
        )
        return transformer
    batch = trial_batch(transformer, tokenizer, [*LENGTHS, seen + BEYOND])
    packed = replace(transformer, is_packed=True)
    padded_states = all_states(transformer, batch)
    overwrite_in_gelu(module, is_on=device == "cpu")
    if gives_same(packed, batch, padded_states):
        return packed
    overwrite_in_gelu(module, is_on=False)
    logger.info("%s: it runs padded", type(module))
    return transformer


def with_blocked_weights(transformer: Transformer, tokenizer: TextTokenizer) -> Transformer:
    """The transformer with its linear layers blocked, if that changes nothing; else as it is.

    Only if it runs without padding, whose batches can be filled up to few numbers of tokens.
    """
    module = transformer.module
    if not (transformer.is_packed and transformer.device == "cpu" and can_block()):
        return transformer
    batch = trial_batch(transformer, tokenizer)
    plain_states = all_states(transformer, batch)
    blocked = replace(transformer, fills_up=True)
    try:
        block_weights(module)
    except RuntimeError as error:
        logger.info("%s: its weights cannot be blocked: %s", type(module), error)
    else:
        if gives_same(blocked, batch, plain_states):
            return blocked
    unblock_weights(module)
    logger.info("%s: its weights stay as they were", type(module))
    return transformer


def _farthest_seen(config: Any) -> int:
    """The longest window, in tokens, that the config states; 0: it states none."""
    stated = [getattr(config.get_text_config(), name, None) for name in WINDOWS]
    return max((number for number in stated if isinstance(number, int)), default=0)
