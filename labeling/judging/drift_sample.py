"""What is seen of documents that were labelled, without knowing their true labels."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True)
class DriftSample:
    """What is seen of n documents without their true labels.

    Attributes:
        probabilities: [n, labels].
        chosen: Bool [n, labels].
        is_auto: Bool [n].
        n_tokens: [n], NaN for a text too long to be counted; None if no tokenizer read them.
        truncated: Bool [n]; None likewise.
        n_unknown: [n], NaN where it was not counted; None likewise.
        vectors: [m, d] of those documents whose vector is at hand; None if there are none.
    """

    probabilities: np.ndarray
    chosen: np.ndarray
    is_auto: np.ndarray
    n_tokens: np.ndarray | None = None
    truncated: np.ndarray | None = None
    n_unknown: np.ndarray | None = None
    vectors: np.ndarray | None = None
