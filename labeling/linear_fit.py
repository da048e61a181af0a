"""Hold a linear head that gradients found, and what it said of rows it had not seen."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True)
class LinearFit:
    """Logits are weights x + bias of a finished vector x, exactly as its space stores it.

    Attributes:
        weights: Float64 [labels, dimension].
        bias: Float64 [labels].
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
