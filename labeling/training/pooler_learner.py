"""A pooling and a linear head, in training. Knows where vectors come from, no encoder."""

from collections.abc import Callable, Iterator
from typing import Generic, Protocol, TypeVar

import numpy as np
import torch
from torch import Tensor, nn

from labeling.training.label_loss import LabelLoss
from labeling.training.linear_fit import TrainedHead

Batch_co = TypeVar("Batch_co", covariant=True)
Batch = TypeVar("Batch")


class Source(Protocol[Batch_co]):
    """What a pooling reads of rows of examples."""

    def batches(self, rows: np.ndarray, size: int) -> Iterator[tuple[np.ndarray, Batch_co]]:
        """The rows in their order, at most so many at a time, with what is read of them."""
        ...


class PoolerLearner(Generic[Batch]):
    """Weights that are learned from what a frozen encoder says.

    Attributes:
        module: The pooling, if it has weights, and the head.
        head: From vectors to logits.
        loss: Of the examples.
    """

    def __init__(
        self,
        source: Source[Batch],
        pool: Callable[[Batch], Tensor],
        *,
        head: TrainedHead,
        pooler: nn.Module,
        loss: LabelLoss,
        batch_texts: int,
    ) -> None:
        """`pool` gives the vectors of what is read, from the weights of the pooler."""
        self.head = head
        self.loss = loss
        self.module = nn.ModuleList([pooler, head])
        self._source = source
        self._pool = pool
        self._batch_texts = batch_texts

    def steps(self, order: np.ndarray) -> Iterator[None]:
        """See `Learner`."""
        for rows, read in self._source.batches(order, self._batch_texts):
            loss = self.loss.of(self.head(self._pool(read)), rows).mean()
            torch.autograd.backward(loss)
            yield

    @torch.no_grad()
    def logits(self, rows: np.ndarray) -> Tensor:
        """See `Learner`."""
        self.module.eval()
        found = self._source.batches(rows, self._batch_texts)
        return torch.cat([self.head(self._pool(read)) for _, read in found])
