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
) -> PairedTest:
    """The accuracy of the first minus that of the second, tested pair by pair.

    A document counts only where one labeler is right and the other wrong. A resample is drawn as
    three counts: documents where the first alone is right, the second alone, and the rest.

    Source: McNemar 1947, in its exact form (Dietterich 1998); Efron and Tibshirani 1993, ch. 13.
    """
    first_right = (first.chosen == truth).all(axis=1)
    second_right = (second.chosen == truth).all(axis=1)
    n = len(truth)
    better = int((first_right & ~second_right).sum())
    worse = int((second_right & ~first_right).sum())
    shares = np.array([better, worse, n - better - worse]) / n
    counts = np.random.default_rng(0).multinomial(n, shares, _DRAWS)
    low, high = np.quantile((counts[:, 0] - counts[:, 1]) / n, (0.025, 0.975))
    return PairedTest(
        first=first_name,
        second=second_name,
        difference=(better - worse) / n,
        low=float(low),
        high=float(high),
        p_value=_mcnemar(better, worse),
        num_test=n,
    )


def _mcnemar(better: int, worse: int) -> float:
    """How often a fair coin is at least as one-sided; 1 where the two never differ."""
    return float(binomtest(better, better + worse).pvalue) if better + worse else 1.0
