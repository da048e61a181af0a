"""The engines that are compared, Poolhouse first; each as its own users run it.

Knows their names and how they are loaded. What they import is imported in their own processes.
"""

from functools import partial
from importlib.util import find_spec
from typing import Any

import numpy as np
import torch

from benchmarks.onnx_engines import load_fastembed, load_onnx_runtime
from benchmarks.results import NotMeasured
from benchmarks.workers import Encode, Engine, Prepare, Setup

PEER = "sentence-transformers, batches of 32"
OURS = "Poolhouse, a process per core"
PEER_BATCH = 32


def load_poolhouse(setup: Setup) -> Prepare:
    """The encoder, with the pooling of the model folder; bfloat16 on a GPU."""
    from embedding import EncoderSpec, load_encoder  # noqa: PLC0415

    dtype = "bfloat16" if setup.device.startswith("cuda") else "float32"
    encoder = load_encoder(
        EncoderSpec(
            model=setup.model, max_tokens=setup.max_tokens, device=setup.device, dtype=dtype
        )
    )
    return lambda texts: partial(encoder.encode, texts)


def load_peer(setup: Setup, *, batch: int = PEER_BATCH) -> Prepare:
    """sentence-transformers with its defaults; float16 on a GPU."""
    model = peer_model(setup)
    return lambda texts: partial(
        model.encode, texts, batch_size=batch, show_progress_bar=False, convert_to_numpy=True
    )


def load_flash_peer(setup: Setup) -> Prepare:
    """sentence-transformers with flash attention, which drops padding; for GPUs."""
    if find_spec("flash_attn") is None:
        raise NotMeasured("pip install flash-attn")
    model = peer_model(setup, attn_implementation="flash_attention_2")
    return lambda texts: partial(model.encode, texts, show_progress_bar=False)


def peer_model(setup: Setup, **more: str) -> Any:
    """A SentenceTransformer on the setup's device; `more` goes to its transformer."""
    from sentence_transformers import SentenceTransformer  # noqa: PLC0415

    half: dict[str, Any] = {"dtype": torch.float16} if setup.device.startswith("cuda") else {}
    model = SentenceTransformer(setup.model, device=setup.device, model_kwargs=half | more)
    if setup.max_tokens is not None:
        model.max_seq_length = setup.max_tokens
    return model


def load_pipeline(setup: Setup) -> Prepare:
    """The feature-extraction pipeline of transformers, in the order of the texts; then the mean.

    It gives the states of padding too. How many tokens are real is counted outside the clock.
    """
    from transformers import AutoTokenizer, pipeline  # noqa: PLC0415

    limit = setup.max_tokens or peer_model(setup).max_seq_length
    tokenizer = AutoTokenizer.from_pretrained(setup.model)
    pipe = pipeline("feature-extraction", setup.model, tokenizer=tokenizer, device=setup.device)
    asked = {"padding": True, "truncation": True, "max_length": limit}

    def prepare(texts: list[str]) -> Encode:
        counts = [len(ids) for ids in tokenizer(texts, truncation=True, max_length=limit).input_ids]

        def encode() -> np.ndarray:
            found = pipe(texts, batch_size=PEER_BATCH, tokenize_kwargs=asked, return_tensors=True)
            means = [states[0, :n].mean(0) for states, n in zip(found, counts, strict=True)]
            return torch.nn.functional.normalize(torch.stack(means).float(), dim=1).numpy()

        return encode

    return prepare


ENGINES: dict[str, Engine] = {
    PEER: Engine(load_peer),
    "sentence-transformers, a process per core": Engine(load_peer, per_core=True),
    "Poolhouse, one process": Engine(load_poolhouse),
    OURS: Engine(load_poolhouse, per_core=True),
}
# Slower ones: compared on fewer texts.
PEERS: dict[str, Engine] = {
    PEER: Engine(load_peer),
    "sentence-transformers, batches of 128": Engine(partial(load_peer, batch=128)),
    "transformers pipeline, batches of 32": Engine(load_pipeline),
    "ONNX Runtime, float32, batches of 32": Engine(load_onnx_runtime),
    "fastembed": Engine(load_fastembed),
    OURS: Engine(load_poolhouse, per_core=True),
}
