"""Decisions: which labels a document gets, and whether a person should look at it.

Knows probabilities and the rules of a labeler; fits the rule for what needs nobody.
"""

import numpy as np
from scipy.special import ndtri

from labeling.labeler import DecisionRule, LabelerSpec, Predictions
from labeling.schema import Task

_NUM_TRIED = 20
_DOUBT = 0.05


def decide(probabilities: np.ndarray, spec: LabelerSpec) -> Predictions:
    """What the labeler says, given its calibrated probabilities.

    A single-label document gets its most probable label, of equals the first of the schema. A
    multi-label one gets each label that reaches its threshold; none at all is an answer too:
    "none of these".
    """
    chosen = choose_labels(probabilities, spec.label_schema.task, spec.thresholds)
    score = decision_scores(probabilities, chosen)
    least = np.inf if spec.decision.min_score is None else spec.decision.min_score
    return Predictions(probabilities, chosen, score, score >= least)


def choose_labels(
    probabilities: np.ndarray, task: Task, thresholds: tuple[float, ...] = ()
) -> np.ndarray:
    """Bool [n, labels]: the most probable label, or all that reach their thresholds."""
    if task == "multi_label":
        reached: np.ndarray = probabilities >= np.array(thresholds)
        return reached
    chosen = np.zeros(probabilities.shape, bool)
    np.put_along_axis(chosen, probabilities.argmax(axis=1)[:, None], True, axis=1)
    return chosen


def decision_scores(probabilities: np.ndarray, chosen: np.ndarray) -> np.ndarray:
    """Float32 [n]: how probable the least sure yes or no of each row is.

    Of a single-label task that is the probability of the chosen label.
    """
    score: np.ndarray = np.where(chosen, probabilities, 1 - probabilities).min(axis=1)
    return score.astype(np.float32, copy=False)


def fit_decision(score: np.ndarray, is_right: np.ndarray, target_precision: float) -> DecisionRule:
    """The lowest of 20 scores from which on decisions are right often enough, with 95 % certainty.

    They must be of rows that the labeler was not trained on. The scores tried are those of the
    best 5 %, 10 %, ... 100 % of the rows. The best of many looks better than it is, so the 5 % of
    doubt are shared out among the 20: each needs a Wilson bound of one-sided 99.75 %. With 95 %
    at every score, the lowest that held met the target in 8 of 10 further samples; this meets it
    in 19 of 20. Without rows no score is trusted.

    Source: Wilson 1927 for the bound, Bonferroni's inequality for the sharing.
    """
    if not len(score):
        return DecisionRule(target_precision=target_precision, min_score=None)
    ordered = np.argsort(-score, kind="stable")
    tried = score[ordered[(np.arange(1, _NUM_TRIED + 1) * len(score) - 1) // _NUM_TRIED]]
    n = np.searchsorted(-score[ordered], -tried, side="right")
    share = np.cumsum(is_right[ordered])[n - 1] / n
    centre, half = _wilson(share, n, float(ndtri(1 - _DOUBT / _NUM_TRIED)))
    trusted = tried[centre - half >= target_precision]
    least = float(trusted.min()) if len(trusted) else None
    return DecisionRule(target_precision=target_precision, min_score=least)


def wilson_interval(successes: int, n: int, *, confidence: float = 0.95) -> tuple[float, float]:
    """The interval of a share of which `successes` of `n` were seen; (0, 1) if none was seen.

    Source: Wilson 1927, Probable Inference, the Law of Succession, and Statistical Inference.
    """
    if n == 0:
        return 0.0, 1.0
    z = float(ndtri(0.5 + confidence / 2))
    centre, half = _wilson(np.array(successes / n), np.array(n), z)
    return max(0.0, float(centre - half)), min(1.0, float(centre + half))


def _wilson(share: np.ndarray, n: np.ndarray, z: float) -> tuple[np.ndarray, np.ndarray]:
    """The middle and half the width of the interval of z standard errors."""
    spread = z * np.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
    return (share + z**2 / (2 * n)) / (1 + z**2 / n), spread / (1 + z**2 / n)
