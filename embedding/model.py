"""Run the transformer. Knows token ids and token states, no texts and no poolings.

A batch goes through it packed, one row without padding, where the model allows that, and padded
where not: some families mix the texts of a row. Which way it goes is decided by a trial.
"""

import inspect
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from embedding.architecture import Architecture
from embedding.batches import Ids, PackedBatch, filled_up
from embedding.folder import ModelFolder
from embedding.module import load_module
from embedding.packed_attention import IN_RUNS, AttentionSwitch
from embedding.spec import EncoderSpec
from embedding.varlen_attention import AT_ONCE
from pooling.shapes import PooledTexts, TokenStates


@dataclass(frozen=True, slots=True)
class ForwardPass:
    """What one forward pass gave.

    Attributes:
        states: The states of the batch's tokens, packed, after each of the layers asked for.
        pooled: What the model's own pooler made of each text; None: it has none, or nobody asked.
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
        first_position: The position id of a text's first token.
        is_packed: Whether batches go through without padding.
        fills_up: Whether a packed batch is filled up, by a last text that nobody reads, to one of
            few numbers of tokens.
        attention: Sets how the module attends, for the time that batches go through.
    """

    module: Any
    device: str
    num_layers: int
    pad_id: int
    takes_types: bool
    first_position: int
    attention: AttentionSwitch
    is_packed: bool = False
    fills_up: bool = False

    def forward(
        self, batch: PackedBatch, layers: Sequence[int], *, wants_pooled: bool = False
    ) -> ForwardPass:
        """The states of the batch's tokens after each of the layers asked for.

        The model's own pooler reads the first token of a row, so a batch that is to be pooled by it
        is padded.
        """
        goes_packed = self.is_packed and not wants_pooled
        with self.attention.attending(is_packed=goes_packed):
            if goes_packed:
                return self._forward_packed(batch, layers)
            return self._forward_padded(batch, layers)

    def _forward_packed(self, batch: PackedBatch, layers: Sequence[int]) -> ForwardPass:
        """All texts in one row: each is its own neighbourhood for attention and positions."""
        count = len(batch.ids)
        filling = filled_up(count) - count if self.fills_up else 0
        lengths = np.bincount(batch.segment)
        described = np.append(lengths, filling) if filling else lengths
        inputs: dict[str, Any] = {
            "input_ids": self._send_filled(batch.ids, filling, self.pad_id),
            "position_ids": self._send_filled(self._positions(batch), filling, self.first_position),
            **self.attention.way.describe(described, self.device),
        }
        if self.takes_types:
            inputs["token_type_ids"] = self._send_filled(batch.types, filling, 0)
        hidden, _ = self._run(inputs, layers)
        return ForwardPass({layer: states[0, :count] for layer, states in hidden.items()}, None)

    def _send_filled(self, values: Ids, filling: int, value: int) -> Tensor:
        filled = np.pad(values, (0, filling), constant_values=value) if filling else values
        return self._send(filled).unsqueeze(0)

    def _positions(self, batch: PackedBatch) -> Ids:
        """Position ids; where they begin after that of padding, a pad in a text counts for none."""
        is_real = batch.ids != self.pad_id
        if not self.first_position or is_real.all():
            return batch.position + self.first_position
        real = np.cumsum(is_real)
        before = (real - is_real)[batch.position == 0]
        counted = real - before[batch.segment] - 1
        return np.where(is_real, counted, -1) + self.first_position

    def _forward_padded(self, batch: PackedBatch, layers: Sequence[int]) -> ForwardPass:
        """The rows are padded on the right whatever the tokenizer says.

        Positions then count from the first real token in every family of models. The padding is
        dropped again here.
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
        self, inputs: dict[str, Any], layers: Sequence[int]
    ) -> tuple[dict[int, Tensor], Tensor | None]:
        """The states; all layers are kept by the model only if one but the last is asked."""
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
    module = load_module(folder, spec, config)
    pad_id = getattr(config.get_text_config(), "pad_token_id", None)
    accepted = inspect.signature(module.forward).parameters
    return Transformer(
        module=module.eval().to(device),
        device=device,
        num_layers=architecture.num_layers,
        pad_id=pad_id if isinstance(pad_id, int) else 0,
        takes_types=gives_types and "token_type_ids" in accepted,
        first_position=architecture.first_position,
        attention=AttentionSwitch(module.config, AT_ONCE if device.startswith("cuda") else IN_RUNS),
    )


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
