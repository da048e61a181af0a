"""Counts over test documents and over resamples of them, from which every figure is made.

Knows arrays of yes and no, and of probabilities. Does not know which figures there are.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from labeling.judging.ranking import Ranking, rank_documents
from labeling.labeler import Predictions
from labeling.schema import Task

Floats = NDArray[np.float64]

NUM_RESAMPLES = 1000
_CELLS = 2_000_000  # of weights that are in memory at a time: documents x resamples


@dataclass(frozen=True, slots=True)
class LabelCounts:
    """Sums over documents, in row 0 over all of them, then over one resample in each row.

    Attributes:
        num_documents: [rows]: how many there are.
        both: [rows, labels]: documents that have the label and get it.
        given: [rows, labels]: documents that get it.
        true: [rows, labels]: documents that have it.
        right: [rows]: the share of documents that get exactly the labels that they have.
        log_loss: [rows]: its mean, over labels as well if a document may have several.
        ranking: [rows, labels]: average precision, NaN where no document has the label; of a
            multi-label task only.
    """

    num_documents: Floats
    both: Floats
    given: Floats
    true: Floats
    right: Floats
    log_loss: Floats
    ranking: Floats


def count_labels(
    truth: np.ndarray,
    predictions: Predictions,
    task: Task,
    *,
    texts: np.ndarray | None = None,
    seed: int = 0,
) -> LabelCounts:
    """The counts of all documents and of 1,000 resamples.

    A resample is a weight for each document, how often it was drawn, so every count is one
    product of weights and documents. Documents of one text, by the numbers in `texts`, are right
    or wrong together, and are drawn together. None: all texts differ.
    """
    chosen = predictions.chosen
    is_right = (chosen == truth).all(axis=1)
    columns = csr_array(np.hstack([truth & chosen, chosen, truth]).T, dtype=np.float32)
    per_row = np.column_stack([is_right, _LOSSES[task](truth, predictions.probabilities)])
    rankings = _RANKINGS[task](predictions.probabilities, truth)
    sizes, sums, means, precisions = [], [], [], []
    for weights in _weights(np.arange(len(truth)) if texts is None else texts, seed):
        sizes.append(weights.sum(axis=0, dtype=np.float64))
        sums.append((columns @ weights).T)
        means.append(weights.T @ per_row / sizes[-1][:, None])
        precisions.append([ranking.average_precision(weights) for ranking in rankings])
    both, given, true = np.split(np.concatenate(sums).astype(np.float64), 3, axis=1)
    right, log_loss = np.concatenate(means).T
    ranked = np.concatenate(precisions, axis=1).T if rankings else np.empty((len(right), 0))
    return LabelCounts(np.concatenate(sizes), both, given, true, right, log_loss, ranked)


def _rank_labels(probabilities: np.ndarray, truth: np.ndarray) -> list[Ranking]:
    columns = zip(probabilities.T, truth.T, strict=True)
    return [rank_documents(probability, has_label) for probability, has_label in columns]


_RANKINGS: dict[Task, Callable[[np.ndarray, np.ndarray], list[Ranking]]] = {
    "single_label": lambda _probabilities, _truth: [],
    "multi_label": _rank_labels,
}


def _weights(texts: np.ndarray, seed: int) -> Iterator[np.ndarray]:
    """[documents, some]: first ones, then how often the text of each is drawn, of n texts n."""
    yield np.ones((len(texts), 1), np.float32)  # sums of ones are exact up to 16 million
    n = texts.max() + 1
    rng = np.random.default_rng(seed)
    left, most = NUM_RESAMPLES, max(1, _CELLS // len(texts))
    while left:
        some = min(left, most)
        cells = rng.integers(n, size=(n, some)) * some + np.arange(some)
        drawn = np.bincount(cells.ravel(), minlength=n * some).reshape(n, some)
        yield drawn.astype(np.float32)[texts]
        left -= some


def _single_label_loss(truth: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
    loss: Floats = -np.log(_clip(probabilities[truth]))
    return loss


def _multi_label_loss(truth: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
    said = _clip(np.where(truth, probabilities, 1 - probabilities))
    loss: Floats = -np.log(said).mean(axis=1)
    return loss


def _clip(probabilities: np.ndarray) -> Floats:
    """As scikit-learn does, so that one sure mistake does not cost without end."""
    eps = np.finfo(np.float32).eps
    clipped: Floats = np.clip(probabilities.astype(np.float64), eps, 1 - eps)
    return clipped


_LOSSES = {"single_label": _single_label_loss, "multi_label": _multi_label_loss}
