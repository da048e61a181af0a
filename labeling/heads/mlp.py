"""A head with one hidden layer, learned by gradients. Knows vectors and torch, no calibration."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass as plain_dataclass
from typing import Annotated

import numpy as np
import torch
from pydantic import Field
from pydantic.dataclasses import dataclass
from torch import Tensor, nn
from torch.optim.lr_scheduler import ConstantLR

from labeling.examples import Examples, equal_numbers
from labeling.heads.checks import expect_tensors, vectors_of
from labeling.heads.head_kind import PARAMETERS, HeadSetting, TrainingRows
from labeling.heads.standardizing import Standard, standardize
from labeling.labeler import Head, Inputs
from labeling.training.label_loss import LabelLoss, label_loss
from labeling.training.learning import Descent, Patience, hold_out, learn_until_best, seeded

_SLICE_ROWS = 8_192  # of vectors that are in memory as float64 at a time
_VALIDATION, _VALIDATION_PART = 1, 10  # the fold of every tenth vector, which says when to stop
_LARGEST_GRADIENT = 1.0


@plain_dataclass(frozen=True, slots=True)
class MlpHead:
    """Logits are output_weights max(0, hidden_weights x + hidden_bias) + output_bias.

    Attributes:
        hidden_weights: Float32 [hidden, dimension].
        hidden_bias: Float32 [hidden].
        output_weights: Float32 [labels, hidden].
        output_bias: Float32 [labels].
    """

    hidden_weights: np.ndarray
    hidden_bias: np.ndarray
    output_weights: np.ndarray
    output_bias: np.ndarray

    def logits(self, inputs: Inputs) -> np.ndarray:
        """Summed in float64, so that no neighbour changes a row."""
        vectors = vectors_of(inputs, self.hidden_weights.shape[1])
        into, out = (
            weights.T.astype(np.float64) for weights in (self.hidden_weights, self.output_weights)
        )
        found = np.empty((len(vectors), len(self.output_bias)))
        for start in range(0, len(vectors), _SLICE_ROWS):
            part = slice(start, start + _SLICE_ROWS)
            hidden = np.maximum(vectors[part].astype(np.float64) @ into + self.hidden_bias, 0)
            found[part] = hidden @ out + self.output_bias
        return found

    def tensors(self) -> dict[str, np.ndarray]:
        """Weights and biases of both layers."""
        return {name: getattr(self, name) for name in _TENSORS}


_TENSORS = {
    "hidden_weights": ("hidden", "dimension"),
    "hidden_bias": ("hidden",),
    "output_weights": ("labels", "hidden"),
    "output_bias": ("labels",),
}


@dataclass(frozen=True, slots=True, config=PARAMETERS)
class Mlp:
    """A perceptron with one hidden layer on standardised vectors.

    It stops when the log loss of a tenth of them, drawn by the seed and not learned from, has not
    fallen for `patience` epochs, and keeps the best weights.
    """

    hidden: Annotated[int, Field(ge=1)] = 256
    learning_rate: Annotated[float, Field(gt=0)] = 1e-3
    weight_decay: Annotated[float, Field(ge=0)] = 0.01
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.3
    batch_rows: Annotated[int, Field(ge=1)] = 128
    epochs: Annotated[int, Field(ge=1)] = 40
    patience: Annotated[int, Field(ge=1)] = 3

    def choices(self, rows: TrainingRows) -> tuple["Mlp", ...]:
        """Nothing is to be chosen."""
        return (self,)

    def fit(self, rows: TrainingRows, start: Head | None) -> MlpHead:
        """The standardisation is part of the first layer's weights."""
        assert isinstance(rows.inputs, np.ndarray)
        features, standard = standardize(rows.inputs)
        with seeded(rows.seed, "cpu"):
            layers = self._learn(torch.from_numpy(features), rows)
        return _head(layers, standard)

    def restore(self, tensors: Mapping[str, np.ndarray], setting: HeadSetting) -> MlpHead:
        """The head with these layers."""
        expect_tensors(tensors, _TENSORS, setting.sizes)
        return MlpHead(**{name: tensors[name] for name in _TENSORS})

    def _learn(self, features: Tensor, rows: TrainingRows) -> nn.Sequential:
        layers = nn.Sequential(
            nn.Linear(features.shape[1], self.hidden),
            nn.ReLU(),
            nn.Dropout(self.dropout),
            nn.Linear(self.hidden, rows.indicator.shape[1]),
        )
        examples = _set_aside(rows)
        loss = label_loss(examples, rows.class_weight, "cpu")
        learner = _MlpLearner(layers, features, loss, self.batch_rows)
        optimizer = torch.optim.AdamW(
            layers.parameters(), lr=self.learning_rate, weight_decay=self.weight_decay
        )
        descent = Descent(learner, optimizer, ConstantLR(optimizer, factor=1), _LARGEST_GRADIENT)
        held, others = hold_out(examples, _VALIDATION)
        learn_until_best(descent, others, held, loss, Patience(self.epochs, self.patience))
        return layers


@plain_dataclass(frozen=True, slots=True)
class _MlpLearner:
    """The layers in training; see `Learner`."""

    module: nn.Sequential
    features: Tensor
    loss: LabelLoss
    batch_rows: int

    def steps(self, order: np.ndarray) -> Iterator[None]:
        for start in range(0, len(order), self.batch_rows):
            rows = order[start : start + self.batch_rows]
            logits = self.module(self.features[torch.from_numpy(rows)])
            self.loss.of(logits, rows).mean().backward()  # type: ignore[no-untyped-call]
            yield

    @torch.no_grad()
    def logits(self, rows: np.ndarray) -> Tensor:
        self.module.eval()
        logits: Tensor = self.module(self.features[torch.from_numpy(rows)])
        return logits


def _set_aside(rows: TrainingRows) -> Examples:
    """The rows, a tenth of them in a fold of its own, drawn from torch's seed.

    Equal vectors are drawn together: what was learned by heart would never say stop.
    """
    assert isinstance(rows.inputs, np.ndarray)
    vector = equal_numbers(hash(row.tobytes()) for row in rows.inputs)  # bytes would be a copy
    if not vector.any():  # one vector for all: there is nothing else to stop by
        vector = np.arange(len(rows.inputs))
    n = vector.max() + 1
    drawn = torch.randperm(n).numpy()[: max(1, n // _VALIDATION_PART)]
    fold = np.where(np.isin(vector, drawn), _VALIDATION, 0)
    return Examples(rows.schema, (), rows.indicator, fold)


def _head(layers: nn.Sequential, standard: Standard) -> MlpHead:
    into, out = layers[0], layers[-1]
    weights, bias = (tensor.detach().numpy().astype(np.float64) for tensor in into.parameters())
    return MlpHead(
        *standard.fold(weights, bias), *(tensor.detach().numpy() for tensor in out.parameters())
    )
