"""Apply the Dense layers of a sentence-transformers folder. Knows vectors, no tokens."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from jaxtyping import Float32
from safetensors.torch import load_file
from torch import Tensor, nn

from embedding.folder import list_weights, read_json
from pooling.shapes import TextVectors

ACTIVATIONS: dict[str, Callable[[], nn.Module]] = {
    "Identity": nn.Identity,
    "Tanh": nn.Tanh,
    "ReLU": nn.ReLU,
    "GELU": nn.GELU,
    "SiLU": nn.SiLU,
    "Sigmoid": nn.Sigmoid,
}


@dataclass(frozen=True, slots=True)
class DenseConfig:
    """The measures of one Dense layer."""

    in_features: int
    out_features: int
    activation: str


@dataclass(frozen=True, slots=True)
class Dense:
    """One layer with its weights, in float32."""

    weight: Tensor
    bias: Tensor | None
    activation: nn.Module

    def apply(self, vectors: TextVectors) -> Float32[Tensor, "texts out"]:
        """The activation of the affine map."""
        mapped: Tensor = self.activation(nn.functional.linear(vectors, self.weight, self.bias))
        return mapped


def read_dense(path: Path) -> DenseConfig:
    """What the config of a Dense layer says, without its weights.

    Raises:
        ValueError: The layer does something that is not understood.
    """
    stated = read_json(path / "config.json")
    # sentence-transformers' default, and what it falls back to
    activation = stated.get("activation_function", "torch.nn.modules.activation.Tanh")
    name = activation.rsplit(".", 1)[-1]
    if not activation.startswith("torch.nn.") or name not in ACTIVATIONS:
        raise ValueError(
            f"{path}: activation {activation!r} is not understood; known: {', '.join(ACTIVATIONS)}"
        )
    source = stated.get("module_input_name", "sentence_embedding")
    target = stated.get("module_output_name") or source
    if stated.get("use_residual") or {source, target} != {"sentence_embedding"}:
        raise ValueError(
            f"{path}: a Dense layer from {source!r} to {target!r}, "
            f"use_residual={bool(stated.get('use_residual'))}, is not understood. "
            "Set pooling.dense to false, or choose another model."
        )
    return DenseConfig(stated["in_features"], stated["out_features"], name)


def load_dense(path: Path, device: str) -> Dense:
    """The layer with its weights on the device."""
    config = read_dense(path)
    (file,) = list_weights(path, f"Dense layer {path.name}")
    tensors = load_file(file)
    expected = (config.out_features, config.in_features)
    if tuple(tensors["linear.weight"].shape) != expected:
        raise ValueError(
            f"{file}: expected weights of {expected}, found {tuple(tensors['linear.weight'].shape)}"
        )
    bias = tensors.get("linear.bias")
    return Dense(
        weight=tensors["linear.weight"].to(device, torch.float32),
        bias=None if bias is None else bias.to(device, torch.float32),
        activation=ACTIVATIONS[config.activation](),
    )
