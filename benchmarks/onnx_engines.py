"""ONNX Runtime and fastembed, over the same model as the others, exported here once.

Knows the export, and how a careful user would feed ONNX Runtime: sorted by characters, in batches
of 32, as sentence-transformers does.
"""

import json
import logging
import sys
import warnings
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks.results import CACHE, NotMeasured
from benchmarks.workers import Encode, Prepare, Setup

INPUTS = ("input_ids", "attention_mask", "token_type_ids")
OUTPUT = "last_hidden_state"
BATCH = 32
LONGEST = 512
# fastembed asks for an older huggingface-hub than sentence-transformers does, so it has a folder of
# its own, and is told where the model is.
FASTEMBED = CACHE / "fastembed"
INSTALL_ONNX = ".venv/bin/pip install -c constraints.txt --no-build-isolation -e '.[bench]'"
INSTALL_FASTEMBED = (
    ".venv/bin/pip install --no-deps --target .bench/fastembed fastembed==0.9.1 loguru mmh3 "
    "py-rust-stemmers pillow"
)


def load_onnx_runtime(setup: Setup) -> Prepare:
    """The exported model, on a CPU."""
    session, tokenizer = _open_session(setup), _open_tokenizer(setup)
    return lambda texts: partial(_encode, session, tokenizer, texts)


def load_fastembed(setup: Setup) -> Prepare:
    """Fastembed with its own batches of 256, over the exported model."""
    model_file = exported(setup.model)
    if not FASTEMBED.exists():
        raise NotMeasured(INSTALL_FASTEMBED)
    if setup.max_tokens is not None:
        raise NotMeasured("fastembed reads as many tokens as the model folder states")
    sys.path.insert(0, str(FASTEMBED))
    model = import_module("fastembed").TextEmbedding(
        "sentence-transformers/all-MiniLM-L6-v2",
        specific_model_path=str(model_file.parent),
        threads=setup.threads,
    )

    def prepare(texts: list[str]) -> Encode:
        return lambda: np.stack(list(model.embed(texts)))

    return prepare


def exported(model: str) -> Path:
    """The model as ONNX in a folder with its tokenizer; made at the first call.

    Raises:
        NotMeasured: The packages that export are not installed.
    """
    if not all(find_spec(name) for name in ("onnx", "onnxscript", "onnxruntime")):
        raise NotMeasured(INSTALL_ONNX)
    folder = CACHE / "onnx" / Path(model).name
    if not (folder / "model.onnx").exists():
        folder.mkdir(parents=True, exist_ok=True)
        for source in Path(model).glob("*.json"):
            (folder / source.name).write_bytes(source.read_bytes())
        _state_length(folder)
        _export(model, folder / "model.onnx")
    return folder / "model.onnx"


def _state_length(folder: Path) -> None:
    """Write the length where fastembed reads it; the others read another file."""
    most = json.loads((folder / "sentence_bert_config.json").read_text())["max_seq_length"]
    settings = folder / "tokenizer_config.json"
    stated = json.loads(settings.read_text()) | {"model_max_length": most, "max_length": most}
    settings.write_text(json.dumps(stated))


def _export(model: str, target: Path) -> None:
    from transformers import AutoModel  # noqa: PLC0415 - in the engine's own process

    module = AutoModel.from_pretrained(model, attn_implementation="eager").eval()
    ids, mask = torch.ones(2, 8, dtype=torch.int64), torch.ones(2, 8, dtype=torch.int64)
    mask[1, 5:] = 0  # traced with nothing to mask, the graph gives other states (docs/log.md)
    axes = {0: torch.export.Dim("texts"), 1: torch.export.Dim("tokens", max=LONGEST)}
    partial_file = target.with_suffix(".partial")
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    with warnings.catch_warnings(action="ignore"):
        torch.onnx.export(
            _States(module).eval(),
            (ids, mask, torch.zeros_like(ids)),
            str(partial_file),
            input_names=INPUTS,
            output_names=(OUTPUT,),
            dynamic_shapes=(axes, axes, axes),
            dynamo=True,
            external_data=False,
            verbose=False,
        )
    partial_file.rename(target)


class _States(torch.nn.Module):
    """The last states alone, from three inputs by place."""

    def __init__(self, module: Any) -> None:
        super().__init__()
        self.module = module

    def forward(
        self, input_ids: torch.Tensor, attention_mask: torch.Tensor, token_type_ids: torch.Tensor
    ) -> torch.Tensor:
        """The states of the last layer, padding included."""
        found = self.module(
            input_ids=input_ids,
            attention_mask=attention_mask,
            token_type_ids=token_type_ids,
            return_dict=True,
        )
        states: torch.Tensor = found.last_hidden_state
        return states


def _open_session(setup: Setup) -> Any:
    model_file = exported(setup.model)
    onnxruntime = import_module("onnxruntime")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = setup.threads
    return onnxruntime.InferenceSession(
        str(model_file), options, providers=["CPUExecutionProvider"]
    )


def _open_tokenizer(setup: Setup) -> Any:
    from transformers import AutoTokenizer  # noqa: PLC0415

    from benchmarks.engines import peer_model  # noqa: PLC0415 - it imports this module

    limit = setup.max_tokens or peer_model(setup).max_seq_length
    tokenizer: Any = AutoTokenizer.from_pretrained(setup.model)
    return partial(tokenizer, padding=True, truncation=True, max_length=limit, return_tensors="np")


def _encode(session: Any, tokenizer: Any, texts: list[str]) -> np.ndarray:
    """Sort by characters, longest first; batch, pad, run, take the mean, scale to length 1."""
    order = np.argsort([-len(text) for text in texts])
    found: list[np.ndarray] = []
    for start in range(0, len(order), BATCH):
        batch = tokenizer([texts[row] for row in order[start : start + BATCH]])
        states = session.run([OUTPUT], {name: batch[name] for name in INPUTS})[0]
        mask = batch["attention_mask"][:, :, None].astype(np.float32)
        means = (states * mask).sum(1) / mask.sum(1)
        found.append(means / np.linalg.norm(means, axis=1, keepdims=True))
    vectors = np.concatenate(found)
    result = np.empty_like(vectors)
    result[order] = vectors
    return result
