"""Learn a pooling and a linear head on the token states of a frozen encoder.

The states are those that the encoder gives when a corpus is embedded, cut and prompted alike, so
that the stored vectors of the pooling, under the head, have the logits of the training run.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from pydantic import JsonValue
from torch import Tensor
from torch.optim.lr_scheduler import LambdaLR

from embedding import Encoder, TrainablePooling, trainable_pooling
from labeling.examples import Examples
from labeling.training.label_loss import label_loss
from labeling.training.learning import (
    Descent,
    Patience,
    best_epochs,
    hold_out,
    learn_for,
    learn_until_best,
    seeded,
)
from labeling.training.linear_fit import LinearFit, TrainedHead
from labeling.training.pooler_learner import PoolerLearner, Source
from labeling.training.space_fit import SpaceFit, describe_training
from labeling.training.token_states import FrozenStates, fixed_vectors
from labeling.training.train_spec import TrainSpec
from pooling import Fitted, PoolingSpec

_LARGEST_GRADIENT = 1.0


@dataclass(frozen=True, slots=True)
class TrainedPooler:
    """A pooling that was learned, and the head over its vectors.

    Attributes:
        pooling: As asked for; once `fitted` is kept in a store, its name belongs into `weights`.
        fitted: What was learned; None: the pooling has no weights, and only the head was.
        fit: The head.
    """

    pooling: PoolingSpec
    fitted: Fitted | None
    fit: LinearFit


def default_learned_pooling(encoder: Encoder) -> PoolingSpec:
    """Attention over a learned mix of all layers: what did best on a frozen encoder."""
    layers = tuple(range(encoder.parts.architecture.num_layers + 1))
    return PoolingSpec(strategy="attention", layers=layers, combine="mix")


def train_pooler(
    encoder: Encoder, examples: Examples, pooling: PoolingSpec, options: TrainSpec
) -> TrainedPooler:
    """The pooling and a head, learned from the training rows.

    A pooling without weights is possible: then the head alone is learned, in the same way.

    Raises:
        ValueError: A text has no token, there is nothing to hold out, or the pooling cannot be
            learned.
    """
    started = time.perf_counter()
    held, others = hold_out(examples, options.validation_fold)
    with seeded(options.seed, encoder.device):
        runs = _Runs(encoder, examples, pooling, options)
        run = runs.begin()
        patience = Patience(options.epochs, options.patience)
        losses = learn_until_best(run.descent, others, held, run.learner.loss, patience)
        held_logits = run.found().logits(examples, held)
        if options.refit:
            run = runs.begin()
            learn_for(run.descent, examples.train, best_epochs(losses))
        found = run.found()
        test_logits = found.logits(examples, examples.test)
    fit = LinearFit(
        weights=found.weights,
        bias=found.bias,
        held=held,
        held_logits=held_logits,
        test_logits=test_logits,
        log_losses=losses,
        seconds=time.perf_counter() - started,
    )
    return TrainedPooler(pooling, found.fitted, fit)


@dataclass(frozen=True, slots=True)
class _Run:
    """One training, from fresh weights."""

    pooling: PoolingSpec
    trained: TrainablePooling
    learner: PoolerLearner[Any]
    descent: Descent
    about: dict[str, JsonValue]

    def found(self) -> SpaceFit:
        """What it has come to."""
        weights, bias = self.learner.head.folded()
        fitted = self.trained.to_fitted(**self.about) if self.pooling.needs_weights else None
        return SpaceFit(self.trained.encoder, self.pooling, fitted, weights, bias)


class _Runs:
    """Trainings of one pooling, which read the same states."""

    def __init__(
        self, encoder: Encoder, examples: Examples, pooling: PoolingSpec, options: TrainSpec
    ) -> None:
        self._encoder, self._pooling = encoder, pooling
        self._examples, self._options = examples, options
        self._source: Source[Any]  # of token batches, or of finished vectors
        trained = trainable_pooling(encoder, pooling)
        if pooling.needs_weights:
            self._source = FrozenStates(trained, examples.texts, options.states_bytes)
            self._source.keep(examples.train)
        else:
            self._source = fixed_vectors(encoder, examples.texts, pooling)

    def begin(self) -> _Run:
        """One with weights from torch's seed."""
        options, examples = self._options, self._examples
        trained = trainable_pooling(self._encoder, self._pooling)
        pool: Callable[[Any], Tensor]
        pool = trained.vectors_of if self._pooling.needs_weights else _as_they_are
        some = examples.train[: options.batch_texts]
        _, first = next(iter(self._source.batches(some, len(some))))
        num_labels = len(examples.schema.labels)
        head = TrainedHead(pool(first), num_labels, dropout=options.dropout)
        learner = PoolerLearner(
            self._source,
            pool,
            head=head,
            pooler=trained.pooler,
            loss=label_loss(examples, options.class_weight, self._encoder.device),
            batch_texts=options.batch_texts,
        )
        about = describe_training(examples, options)
        return _Run(self._pooling, trained, learner, _descent(learner, options), about)


def _as_they_are(vectors: Tensor) -> Tensor:
    return vectors


def _descent(learner: PoolerLearner[Any], options: TrainSpec) -> Descent:
    optimizer = torch.optim.AdamW(
        learner.module.parameters(), lr=options.learning_rate, weight_decay=options.weight_decay
    )
    return Descent(learner, optimizer, LambdaLR(optimizer, lambda step: 1.0), _LARGEST_GRADIENT)
