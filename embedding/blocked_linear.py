"""Linear layers whose weights lie in blocks, as oneDNN's kernels read them. Knows no model.

Plain weights are brought into such an order in every product, by MKL. In blocks from the start they
give the same numbers sooner: what it brings on which processor is in docs/log.md. The operators are
those that torch compiles frozen models to; a trial holds what they give against plain layers.
"""

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from embedding.batches import filled_up

# Tokens of the product that the blocks are laid out for; they serve every other number.
TOKENS = 2_048
OPERATORS = ("_reorder_linear_weight", "_linear_pointwise")


class BlockedLinear(nn.Module):
    """A linear layer for a CPU and float32, without gradients; its weights are kept once.

    Its state is that of the plain layer, so a model that has it can be saved as ever.
    """

    def __init__(self, plain: nn.Linear) -> None:
        super().__init__()
        self.in_features, self.out_features = plain.in_features, plain.out_features
        self.bias = plain.bias
        self._blocks = torch.ops.mkldnn._reorder_linear_weight(plain.weight.detach(), TOKENS)

    def forward(self, states: Tensor) -> Tensor:
        """`[..., in]` to `[..., out]`; numbers of rows that are not filled up cost a copy.

        Raises:
            RuntimeError: A gradient is wanted, and would be lost.
        """
        if torch.is_grad_enabled() and states.requires_grad:
            raise RuntimeError("blocked weights cannot be trained: unblock_weights first.")
        rows = states.reshape(-1, self.in_features)
        missing = filled_up(len(rows)) - len(rows)
        filled = functional.pad(rows, (0, 0, 0, missing)) if missing else rows
        found: Tensor = torch.ops.mkldnn._linear_pointwise(
            filled, self._blocks, self.bias, "none", [], ""
        )
        return found[: len(rows)].view(*states.shape[:-1], self.out_features)

    def to_plain(self) -> nn.Linear:
        """The layer as it was, to the last bit."""
        has_bias = self.bias is not None
        plain = nn.Linear(self.in_features, self.out_features, bias=has_bias, device="meta")
        plain.weight, plain.bias = nn.Parameter(self._blocks.to_dense()), self.bias
        return plain.train(self.training)

    def _save_to_state_dict(self, destination: Any, prefix: str, keep_vars: bool) -> None:
        super()._save_to_state_dict(destination, prefix, keep_vars)
        destination[f"{prefix}weight"] = self._blocks.to_dense()


def can_block() -> bool:
    """Whether this is x86 with AVX-512: with less, MKL was faster on some processors."""
    return (
        torch.backends.mkldnn.is_available()  # type: ignore[no-untyped-call]
        and torch.backends.cpu.get_cpu_capability() == "AVX512"
        and all(hasattr(torch.ops.mkldnn, name) for name in OPERATORS)
    )


def block_weights(module: nn.Module) -> None:
    """Put a blocked layer in the place of each plain one."""
    for parent, name, child in _children(module):
        if type(child) is nn.Linear:  # one that was derived from it may do something else
            setattr(parent, name, BlockedLinear(child))


def unblock_weights(module: nn.Module) -> None:
    """Put the plain layers back: what is to be trained or changed needs them."""
    for parent, name, child in _children(module):
        if isinstance(child, BlockedLinear):
            setattr(parent, name, child.to_plain())


def _children(module: nn.Module) -> Iterator[tuple[nn.Module, str, nn.Module]]:
    for parent in list(module.modules()):
        for name, child in list(parent.named_children()):
            yield parent, name, child
