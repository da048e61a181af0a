"""Two labelers on the same documents: who is right more often, and could it be chance."""

import numpy as np
from scipy.stats import binomtest

from labeling.judging.evaluation import PairedTest
from labeling.labeler import Predictions

_DRAWS = 10_000


def compare(
    first_name: str,
    second_name: str,
    truth: np.ndarray,
    first: Predictions,
    second: Predictions,
    *,
    texts: np.ndarray | None = None,
) -> PairedTest:
    """The accuracy of the first minus that of the second, tested pair by pair.

    A text counts for p only where one labeler is right more often and the other less, and once, by
    the numbers in `texts`, however many documents have it; None: all texts differ. A resample of
    texts is drawn as counts of each kind: so many documents, so many more of them right.

    Source: McNemar 1947, in its exact form (Dietterich 1998); Efron and Tibshirani 1993, ch. 13.
    """
    first_right = (first.chosen == truth).all(axis=1)
    second_right = (second.chosen == truth).all(axis=1)
    n, text = len(truth), np.arange(len(truth)) if texts is None else texts
    gain = np.bincount(text, first_right.astype(float) - second_right)
    kinds, counts = np.unique([gain, np.bincount(text)], axis=1, return_counts=True)
    drawn = np.random.default_rng(0).multinomial(len(gain), counts / len(gain), _DRAWS)
    low, high = np.quantile(drawn @ kinds[0] / (drawn @ kinds[1]), (0.025, 0.975))
    return PairedTest(
        first=first_name,
        second=second_name,
        difference=float(gain.sum()) / n,
        low=float(low),
        high=float(high),
        p_value=_mcnemar(int((gain > 0).sum()), int((gain < 0).sum())),
        num_test=n,
    )


def _mcnemar(better: int, worse: int) -> float:
    """How often a fair coin is at least as one-sided; 1 where the two never differ."""
    return float(binomtest(better, better + worse).pvalue) if better + worse else 1.0
