"""How tonight's documents differ from those that a labeler was tested on. Drift is not accuracy.

Knows two samples of what was predicted. Does not know whether any of it is right.
"""

import numpy as np
from pydantic import BaseModel, ConfigDict

from labeling.drift_sample import DriftSample
from labeling.drift_statistics import STATISTICS, Statistic

_MIN_ROWS = 20  # below, the mean of a night is a matter of two or three documents
_QUANTILE = 0.99


class DriftRow(BaseModel):
    """One statistic of a night beside what an unchanged night stays below 99 % of the time.

    `value` is how far tonight is from the reference, 0 at least; where it is the difference of
    two figures, `tonight` and `reference` are these. `n` counts the documents that were looked
    at. `look` asks a person to read some of them.
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
    """One row for each statistic that both samples can give.

    Only the distance of the centroids raises `look`: with eight tests at 99 %, one of them would
    on 1 night of 13. It does not on fewer than 20 documents.

    The limit is the 99 % quantile of the statistic between two samples that are both drawn from
    the reference, with replacement: one of its size and one of tonight's. Drawing tonight's alone
    would take the reference for the truth, and a large enough night would always be flagged.
    """
    rows = (
        _row(name, statistic, (reference, tonight), draws, seed)
        for name, statistic in STATISTICS.items()
    )
    return tuple(row for row in rows if row)


def _row(
    name: str, statistic: Statistic, samples: tuple[DriftSample, DriftSample], draws: int, seed: int
) -> DriftRow | None:
    reference, tonight = samples
    known, found = statistic.columns(reference, reference), statistic.columns(tonight, reference)
    if known is None or found is None or not (len(known) and len(found)):
        return None
    sums = known.sum(axis=0, dtype=np.float64), found.sum(axis=0, dtype=np.float64)
    value = float(statistic.distance(*sums))
    limit = _limit(known, statistic, len(found), draws, seed)
    figures = [float(statistic.figure(each)) for each in sums] if statistic.figure else [None, None]
    return DriftRow(
        statistic=name,
        value=value,
        limit=limit,
        n=len(found),
        look=statistic.raises_look and len(found) >= _MIN_ROWS and value > limit,
        tonight=figures[1],
        reference=figures[0],
    )


def _limit(known: np.ndarray, statistic: Statistic, n: int, draws: int, seed: int) -> float:
    rng = np.random.default_rng(seed)
    first, second = (_weights(len(known), size, draws, rng) @ known for size in (len(known), n))
    return float(np.quantile(statistic.distance(first, second), _QUANTILE, method="higher"))


def _weights(num_rows: int, size: int, draws: int, rng: np.random.Generator) -> np.ndarray:
    """[draws, num_rows]: how often each row is drawn, if `size` are drawn each time."""
    drawn = (rng.integers(num_rows, size=size) for _ in range(draws))
    return np.stack([np.bincount(rows, minlength=num_rows) for rows in drawn]).astype(np.float64)
