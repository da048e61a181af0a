"""Load transformers' own module from a model folder. Knows its files, not how it is run."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from transformers import AutoModel
from transformers.utils import logging as untyped_logging

from embedding.folder import ModelFolder
from embedding.own_pooler import has_pooler, takes_pooler
from embedding.spec import EncoderSpec

transformers_logging: Any = untyped_logging


def load_module(folder: ModelFolder, spec: EncoderSpec, config: Any) -> Any:
    """The module with its weights.

    Raises:
        ValueError: Weights are missing: transformers would make random ones up.
    """
    own_pooler = has_pooler(folder, config)
    with quiet():
        module, report = AutoModel.from_pretrained(
            folder.transformer,
            config=config,
            dtype=getattr(torch, spec.dtype),
            use_safetensors=True,
            trust_remote_code=spec.trust_remote_code,
            local_files_only=True,
            output_loading_info=True,
            **({"add_pooling_layer": own_pooler} if takes_pooler(config) else {}),
        )
    # A pooler that is not in the files is refused to who asks for it; others never read it.
    needed = [k for k in report["missing_keys"] if own_pooler or not k.startswith("pooler.")]
    missing = sorted(needed)
    if missing:
        raise ValueError(
            f"model {folder.name!r}: {len(missing)} weights are not in its files, such as "
            f"{missing[0]!r}. The download may be incomplete, or config.json of another model."
        )
    return module


@contextmanager
def quiet() -> Iterator[None]:
    """No bars, and no report on weights that are not used: what is missing is checked above."""
    verbosity = transformers_logging.get_verbosity()
    bars = transformers_logging.is_progress_bar_enabled()
    transformers_logging.set_verbosity_error()
    transformers_logging.disable_progress_bar()
    try:
        yield
    finally:
        transformers_logging.set_verbosity(verbosity)
        if bars:
            transformers_logging.enable_progress_bar()
