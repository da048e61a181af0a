"""How tonight's documents differ from those that a labeler was tested on. Drift is not accuracy.

Knows two samples of what was predicted. Does not know whether any of it is right.
"""

from functools import lru_cache

import numpy as np
from pydantic import BaseModel, ConfigDict

from labeling.judging.drift_sample import DriftSample
from labeling.judging.drift_statistics import STATISTICS, Statistic

_MIN_ROWS = 20  # below, the mean of a night is a matter of two or three documents
_QUANTILE = 0.99
_REFERENCES = 20


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

    The limit is the 99 % quantile of the statistic over nights of tonight's size, drawn from the
    reference with replacement. What they are compared with is drawn as well: the reference is a
    sample too, and taken for the truth it would have every large night flagged. Of 20 references
    so drawn the second highest limit counts, so that an unlucky one does not cry often. A
    reference of fewer than 40 documents gives no rows.
    """
    if len(reference.chosen) < 2 * _MIN_ROWS:
        return ()
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
    if known is None or found is None or len(known) < 2 * _MIN_ROWS or not len(found):
        return None
    known, scale = statistic.scaling(known) if statistic.scaling else (known, None)
    sums = [_scaled(each.sum(axis=0, dtype=np.float64), scale) for each in (known, found)]
    value = float(statistic.distance(*sums))
    limit = _limit(statistic, (known, scale), len(found), draws, seed)
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


def _limit(
    statistic: Statistic, known: tuple[np.ndarray, np.ndarray | None], n: int, draws: int, seed: int
) -> float:
    columns, scale = known
    rows = len(columns)
    references = _scaled(_weights(rows, rows, _REFERENCES, seed) @ columns, scale)
    nights = _scaled(_weights(rows, n, draws, seed + 1) @ columns, scale)
    limits = [np.quantile(statistic.distance(each, nights), _QUANTILE) for each in references]
    return float(np.sort(limits)[-2])


def _scaled(sums: np.ndarray, scale: np.ndarray | None) -> np.ndarray:
    return sums if scale is None else sums @ scale


@lru_cache(maxsize=4)  # the same for most statistics of a night
def _weights(num_rows: int, size: int, draws: int, seed: int) -> np.ndarray:
    """[draws, num_rows]: how often each row is drawn, if `size` are drawn each time."""
    rng = np.random.default_rng(seed)
    drawn = (rng.integers(num_rows, size=size) for _ in range(draws))
    return np.stack([np.bincount(rows, minlength=num_rows) for rows in drawn]).astype(np.float32)
