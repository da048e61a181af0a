"""Run the transformer. Knows token ids and token states, no texts and no poolings."""

import inspect
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from transformers import AutoModel
from transformers.utils import logging as untyped_logging

from embedding.architecture import Architecture
from embedding.batches import PackedBatch
from embedding.folder import ModelFolder
from embedding.own_pooler import has_pooler, takes_pooler
from embedding.spec import EncoderSpec
from pooling.shapes import PooledTexts, TokenStates

transformers_logging: Any = untyped_logging


@dataclass(frozen=True, slots=True)
class ForwardPass:
    """What one forward pass gave.

    Attributes:
        states: The states of the batch's tokens, packed, after each of the layers asked for.
        pooled: What the model's own pooler made of each text; None: it has none.
    """

    states: dict[int, TokenStates]
    pooled: PooledTexts | None


@dataclass(frozen=True, slots=True)
class Transformer:
    """A loaded transformer.

    Attributes:
        module: transformers' own model.
        device: Where it computes.
        num_layers: Without the embedding output.
        pad_id: What fills up the shorter rows; masked, so that only positions depend on it.
        takes_types: Whether it wants token type ids.
    """

    module: Any
    device: str
    num_layers: int
    pad_id: int
    takes_types: bool

    def forward(self, batch: PackedBatch, layers: Sequence[int]) -> ForwardPass:
        """The states of the batch's tokens after each of the layers asked for.

        The rows are padded on the right whatever the tokenizer says: positions then count from
        the first real token in every family of models, and the padding is dropped again here.
        """
        size = (len(batch.rows), batch.width)
        where = self._send(batch.segment * batch.width + batch.position)
        inputs = {
            "input_ids": self._pad(self._send(batch.ids), where, size, self.pad_id),
            "attention_mask": self._pad(torch.ones_like(where), where, size, 0),
        }
        if self.takes_types:
            inputs["token_type_ids"] = self._pad(self._send(batch.types), where, size, 0)
        hidden, pooled = self._run(inputs, layers)
        is_full = len(where) == size[0] * size[1]
        flat = {layer: states.reshape(-1, states.shape[-1]) for layer, states in hidden.items()}
        if not is_full:
            flat = {layer: states[where] for layer, states in flat.items()}
        return ForwardPass(flat, pooled)

    def _run(
        self, inputs: dict[str, Tensor], layers: Sequence[int]
    ) -> tuple[dict[int, Tensor], Tensor | None]:
        """The padded states; all layers are kept by the model only if one but the last is asked."""
        inner = any(layer != self.num_layers for layer in layers)
        output = self.module(**inputs, output_hidden_states=inner, return_dict=True)
        found = {self.num_layers: output.last_hidden_state}
        if inner:
            if len(output.hidden_states) != self.num_layers + 1:
                raise ValueError(
                    f"expected the states of {self.num_layers + 1} layers, found "
                    f"{len(output.hidden_states)}. Pool the last layer only: layers=[-1]."
                )
            found = dict(enumerate(output.hidden_states)) | found
        pooled = getattr(output, "pooler_output", None)
        return {layer: found[layer] for layer in layers}, pooled

    def _send(self, values: Any) -> Tensor:
        return torch.from_numpy(values).to(self.device)

    def _pad(self, values: Tensor, where: Tensor, size: tuple[int, int], fill: int) -> Tensor:
        padded = torch.full((size[0] * size[1],), fill, dtype=torch.int64, device=self.device)
        padded[where] = values
        return padded.view(size)


def load_transformer(
    folder: ModelFolder,
    spec: EncoderSpec,
    *,
    architecture: Architecture,
    device: str,
    gives_types: bool,
) -> Transformer:
    """The transformer of a model folder, on the device.

    Raises:
        ValueError: Weights are missing: transformers would make random ones up.
    """
    config = architecture.config
    config.use_cache = False
    module = _load_module(folder, spec, config)
    pad_id = getattr(config.get_text_config(), "pad_token_id", None)
    accepted = inspect.signature(module.forward).parameters
    return Transformer(
        module=module.eval().to(device),
        device=device,
        num_layers=architecture.num_layers,
        pad_id=pad_id if isinstance(pad_id, int) else 0,
        takes_types=gives_types and "token_type_ids" in accepted,
    )


def _load_module(folder: ModelFolder, spec: EncoderSpec, config: Any) -> Any:
    own_pooler = has_pooler(folder, config)
    with _quiet():
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


def count_rows(transformer: Transformer) -> int:
    """How many ids the embedding table holds."""
    return int(transformer.module.get_input_embeddings().weight.shape[0])


def count_positions(transformer: Transformer) -> int | None:
    """How many tokens the loaded position table really holds; None: there is no such table."""
    for module in transformer.module.modules():
        table = getattr(module, "position_embeddings", None)
        if isinstance(table, nn.Embedding):
            padding = getattr(module, "padding_idx", None)
            return table.num_embeddings - (padding + 1 if isinstance(padding, int) else 0)
    return None


@contextmanager
def _quiet() -> Iterator[None]:
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
