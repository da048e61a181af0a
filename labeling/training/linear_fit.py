"""A linear head in training, and what it came to. Knows vectors, no text and no encoder."""

from dataclasses import dataclass

import numpy as np
from torch import Tensor, nn


@dataclass(frozen=True, slots=True)
class LinearFit:
    """Logits are weights x + bias of a finished vector x, exactly as its space stores it.

    Attributes:
        weights: Float32 [labels, dimension].
        bias: Float32 [labels].
        held: Ascending places of the training rows that were held out.
        held_logits: Float64 [len(held), labels]; not calibrated.
        test_logits: Float64 [len(examples.test), labels]; not calibrated.
        log_losses: Of the held rows, after each epoch; the lowest one is where it stopped.
        seconds: What training took, of this machine's time.
    """

    weights: np.ndarray
    bias: np.ndarray
    held: np.ndarray
    held_logits: np.ndarray
    test_logits: np.ndarray
    log_losses: tuple[float, ...]
    seconds: float


class TrainedHead(nn.Module):
    """A linear head that sees vectors whose numbers are about 1.

    Vectors of length 1 have small numbers, from which gradients learn slowly. So they are
    multiplied by one factor, which becomes part of the weights in the end.
    """

    def __init__(self, vectors: Tensor, num_labels: int, *, dropout: float) -> None:
        """Fresh weights come from torch's seed; the factor is that of these vectors.

        It is at most that of vectors of length 1: layers may cancel before they are weighed.
        """
        super().__init__()
        size = vectors.detach().square().mean().sqrt()
        self.factor = float(1 / size.clamp_min(vectors.shape[1] ** -0.5))
        self.dropout = nn.Dropout(dropout)
        self.linear = nn.Linear(vectors.shape[1], num_labels).to(vectors.device)

    def forward(self, vectors: Tensor) -> Tensor:
        """Logits, float32."""
        logits: Tensor = self.linear(self.dropout(vectors * self.factor))
        return logits

    def folded(self) -> tuple[np.ndarray, np.ndarray]:
        """Weights and bias for the vectors themselves, in float32 as they are stored."""
        weights, bias = (p.detach().cpu().numpy() for p in self.linear.parameters())
        return (weights * self.factor).astype(np.float32), bias.copy()


def linear_logits(vectors: np.ndarray, weights: np.ndarray, bias: np.ndarray) -> np.ndarray:
    """Float64 logits of stored vectors."""
    logits: np.ndarray = vectors.astype(np.float64) @ weights.T.astype(np.float64) + bias
    return logits
