"""Learn by gradients until rows that were held out say stop. Knows logits, no text and no model."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from torch import Tensor, nn
from torch.optim.lr_scheduler import LRScheduler

from labeling.examples import Examples
from labeling.training.label_loss import LabelLoss

logger = logging.getLogger(__name__)


class Learner(Protocol):
    """What has weights to learn, and logits to be judged by."""

    @property
    def module(self) -> nn.Module:
        """All weights that change."""
        ...

    def steps(self, order: np.ndarray) -> Iterator[None]:
        """One turn for each batch of these rows; at each, its gradients have been added."""
        ...

    def logits(self, rows: np.ndarray) -> Tensor:
        """Float32 [len(rows), labels], with nothing left out at random and without gradients."""
        ...


@dataclass(frozen=True, slots=True)
class Descent:
    """A learner on its way down.

    Attributes:
        optimizer: Of its weights.
        schedule: Of the learning rates, step by step.
        largest_gradient: A longer one is scaled to this length.
    """

    learner: Learner
    optimizer: torch.optim.Optimizer
    schedule: LRScheduler
    largest_gradient: float

    def epoch(self, order: np.ndarray) -> None:
        """Learn from each of these rows once."""
        self.learner.module.train()
        for _ in self.learner.steps(order):
            nn.utils.clip_grad_norm_(self.learner.module.parameters(), self.largest_gradient)
            self.optimizer.step()
            self.schedule.step()
            self.optimizer.zero_grad()


@dataclass(frozen=True, slots=True)
class Patience:
    """When to stop: after so many epochs, or as many in which nothing became better."""

    epochs: int
    patience: int

    def is_over(self, losses: list[float]) -> bool:
        """Whether to stop after these losses, one for each epoch."""
        without_gain = len(losses) - best_epochs(losses) if losses else 0
        return len(losses) >= self.epochs or without_gain >= self.patience


def best_epochs(losses: list[float] | tuple[float, ...]) -> int:
    """After how many epochs the loss was lowest, the first time."""
    return int(np.argmin(losses)) + 1


def learn_until_best(
    descent: Descent, rows: np.ndarray, held: np.ndarray, loss: LabelLoss, patience: Patience
) -> tuple[float, ...]:
    """The loss of the held rows after each epoch; the weights are those of the lowest one.

    Raises:
        ValueError: The loss is no number.
    """
    learner, losses = descent.learner, list[float]()
    best: dict[str, Tensor] = {}
    while not patience.is_over(losses):
        descent.epoch(_shuffled(rows))
        losses.append(float(loss.of(learner.logits(held), held).mean()))
        logger.info("epoch %d: log loss of %d held rows %.4f", len(losses), len(held), losses[-1])
        if not np.isfinite(losses[-1]):
            raise ValueError(
                f"epoch {len(losses)}: the loss of the held rows is {losses[-1]}. Lower the "
                "learning rate."
            )
        if best_epochs(losses) == len(losses):
            best = {name: value.clone() for name, value in learner.module.state_dict().items()}
    learner.module.load_state_dict(best)
    return tuple(losses)


def learn_for(descent: Descent, rows: np.ndarray, epochs: int) -> None:
    """Learn from these rows so many times."""
    for _ in range(epochs):
        descent.epoch(_shuffled(rows))


def hold_out(examples: Examples, fold: int) -> tuple[np.ndarray, np.ndarray]:
    """The training rows of this fold, and the others: to tell when to stop, and to learn from.

    Raises:
        ValueError: One of them would have no rows.
    """
    held = np.flatnonzero(examples.fold == fold)
    others = np.flatnonzero((examples.fold >= 0) & (examples.fold != fold))
    if not (len(held) and len(others)):
        raise ValueError(
            f"validation_fold={fold} holds {len(held)} of {len(examples.train)} training rows; "
            f"folds are {np.unique(examples.fold[examples.train]).tolist()}. There must be rows "
            "in it and beside it."
        )
    return held, others


@contextmanager
def seeded(seed: int, device: str) -> Iterator[None]:
    """Draw from this seed while the block lasts, and leave the caller's draws as they were."""
    devices = [device] if device.startswith("cuda") else []
    with torch.random.fork_rng(devices=devices):
        torch.manual_seed(seed)
        yield


def _shuffled(rows: np.ndarray) -> np.ndarray:
    order: np.ndarray = rows[torch.randperm(len(rows)).numpy()]
    return order
