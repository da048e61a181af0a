"""Measure how wrong logits are. Knows labels and their weights, no model.

With logits z of a text: of a single-label task -w_k log softmax(z)_k, k being its label; of a
multi-label task the mean over labels of -w_k (y_k log sigmoid(z_k) + (1 - y_k) log sigmoid(-z_k)).
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from labeling.examples import Examples
from labeling.schema import Task
from labeling.training.train_spec import ClassWeight


@dataclass(frozen=True, slots=True)
class LabelLoss:
    """The loss of rows of examples.

    Attributes:
        task: One label for each text, or any number.
        indicator: Float [n, labels]: which labels a text has.
        weights: Float [n, labels]: what each yes or no counts.
    """

    task: Task
    indicator: Tensor
    weights: Tensor

    def of(self, logits: Tensor, rows: np.ndarray) -> Tensor:
        """The loss of each of some rows, not reduced."""
        places = torch.from_numpy(rows).to(logits.device)
        truth, weights = self.indicator[places], self.weights[places]
        if self.task == "single_label":
            return -(logits.log_softmax(dim=1) * truth * weights).sum(dim=1)
        losses = functional.binary_cross_entropy_with_logits(
            logits, truth, weights, reduction="none"
        )
        return losses.mean(dim=1)


def label_loss(examples: Examples, class_weight: ClassWeight, device: str) -> LabelLoss:
    """The loss for these examples; balanced weights are those of the training rows.

    Balanced, as in scikit-learn: a label of n_k among n rows has the weight n / (K n_k); a yes or
    no of a multi-label task n / (2 n_k), n_k being how often that answer is right.
    """
    truth = examples.indicator.astype(np.float32)
    weights = np.ones_like(truth)
    if class_weight == "balanced":
        known = truth[examples.train]
        yes, rows = known.sum(axis=0), len(known)
        if examples.schema.task == "single_label":
            weights *= rows / (len(yes) * np.maximum(yes, 1))
        else:
            no = np.maximum(rows - yes, 1)
            weights = np.where(truth > 0, rows / (2 * np.maximum(yes, 1)), rows / (2 * no))
    return LabelLoss(
        examples.schema.task,
        torch.from_numpy(truth).to(device),
        torch.from_numpy(weights.astype(np.float32)).to(device),
    )
