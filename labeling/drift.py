"""How tonight's documents differ from those that a labeler was tested on. Drift is not accuracy.

Knows two samples of what was predicted. Does not know whether any of it is right.
"""

from dataclasses import dataclass

import numpy as np
from pydantic import BaseModel, ConfigDict


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


class DriftRow(BaseModel):
    """One statistic of a night beside what an unchanged night stays below 99 % of the time.

    `value` is how far tonight is from the reference, 0 at least; where it is the difference of
    two figures, `tonight` and `reference` are these. `look` asks a person to read some documents.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    statistic: str
    value: float
    limit: float
    n: int
    look: bool
    tonight: float | None = None
    reference: float | None = None


def drift_rows(
    reference: DriftSample, tonight: DriftSample, *, draws: int = 400, seed: int = 0
) -> tuple[DriftRow, ...]:
    """One row for each statistic that both samples can give."""
    raise NotImplementedError
