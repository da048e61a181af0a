"""An encoder, a pooling and a linear head, in training. Knows token ids and labels, no folder."""

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import torch
from torch import Tensor, nn

from embedding import TrainablePooling
from embedding.tokenized import LongArray, TokenRows
from labeling.training.label_loss import LabelLoss
from labeling.training.linear_fit import TrainedHead
from pooling import TokenBatch


class FineTuneLearner:
    """Weights of all that is between a text and its logits.

    A step's texts go through the encoder in batches that fit into memory, longest first; their
    gradients are added up, so that memory bounds the batches and not the step.

    Attributes:
        module: Encoder, pooling and head.
        head: From vectors to logits.
        loss: Of the examples.
    """

    def __init__(
        self,
        trained: TrainablePooling,
        texts: Sequence[str],
        *,
        head: TrainedHead,
        loss: LabelLoss,
        batch_texts: int,
        autocast: torch.autocast,
    ) -> None:
        """Texts are tokenised here, once.

        Raises:
            ValueError: A text has no token.
        """
        self.head = head
        self.loss = loss
        self.module = nn.ModuleList(
            [trained.encoder.parts.transformer.module, trained.pooler, head]
        )
        self._trained = trained
        self._tokenized = trained.tokenize(texts)
        self._batch_texts = batch_texts
        self._autocast = autocast

    def steps(self, order: np.ndarray) -> Iterator[None]:
        """See `Learner`."""
        for start in range(0, len(order), self._batch_texts):
            self._add_gradients(order[start : start + self._batch_texts])
            yield

    @torch.no_grad()
    def logits(self, rows: np.ndarray) -> Tensor:
        """See `Learner`."""
        self.module.eval()
        found = torch.zeros((len(rows), self.head.linear.out_features))
        for places, logits in self._trained.run(self._cut(rows), self._logits_of):
            found[torch.from_numpy(places)] = logits.cpu()
        return found.to(self._trained.encoder.device)

    def _add_gradients(self, rows: np.ndarray) -> None:
        weights = [weight for weight in self.module.parameters() if weight.requires_grad]
        work = self._gradients_of(rows, weights)
        with self._autocast:
            for _, gradients in self._trained.run(self._cut(rows), work):
                for weight, gradient in zip(weights, gradients, strict=True):
                    _add(weight, gradient)

    def _gradients_of(
        self, rows: np.ndarray, weights: Sequence[Tensor]
    ) -> Callable[[TokenBatch, LongArray], Sequence[Tensor | None]]:
        """Of the mean loss of the rows, batch by batch.

        They are returned, not added at once: a batch that runs out of memory leaves nothing behind.
        """

        def work(batch: TokenBatch, places: LongArray) -> Sequence[Tensor | None]:
            losses = self.loss.of(self._logits_of(batch, places), rows[places])
            return torch.autograd.grad(losses.sum() / len(rows), weights, allow_unused=True)

        return work

    def _logits_of(self, batch: TokenBatch, places: LongArray) -> Tensor:
        logits: Tensor = self.head(self._trained.vectors_of(batch))
        return logits.float()

    def _cut(self, rows: np.ndarray) -> TokenRows:
        """One window a text: `fine_tune` refuses encoders that read several."""
        return self._trained.cut(self._tokenized, rows).rows


def _add(weight: Tensor, gradient: Tensor | None) -> None:
    if gradient is None:  # of a layer that this pooling does not read
        return
    weight.grad = gradient if weight.grad is None else weight.grad + gradient
