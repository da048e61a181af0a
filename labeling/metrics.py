"""The figures of a labeler on test documents, with bootstrap intervals.

Knows true and predicted labels and probabilities. Does not know what predicted them.
"""

import numpy as np

from labeling.evaluation import Evaluation
from labeling.labeler import Predictions
from labeling.schema import LabelSchema


def evaluate(
    schema: LabelSchema, truth: np.ndarray, predictions: Predictions, num_train: int
) -> Evaluation:
    """All figures of the task; `truth` is bool [n, labels]."""
    raise NotImplementedError
