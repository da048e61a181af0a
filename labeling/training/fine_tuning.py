"""Train an encoder together with its pooling and a linear head, and write it to a folder.

The folder is loaded again before anything is said of it: held-out rows and test rows are judged by
the vectors that a corpus gets from it, not by those of the training.
"""

import time
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from pydantic import JsonValue
from torch import Tensor
from torch.optim.lr_scheduler import LambdaLR

from embedding import (
    EncoderSpec,
    TrainablePooling,
    load_encoder,
    load_trainable_encoder,
    refuse_existing,
    save_encoder,
    trainable_pooling,
    vectors_of_texts,
)
from labeling.examples import Examples
from labeling.training.fine_tune_learner import FineTuneLearner
from labeling.training.label_loss import label_loss
from labeling.training.learning import Descent, Patience, hold_out, learn_until_best, seeded
from labeling.training.linear_fit import LinearFit, TrainedHead
from labeling.training.space_fit import SpaceFit, describe_training
from labeling.training.train_spec import FineTuneSpec
from pooling import Fitted, PoolingSpec

# Of logits, the largest difference between the encoder in training and its folder.
_TOLERANCE = 1e-3


@dataclass(frozen=True, slots=True)
class FineTuned:
    """An encoder that was trained for labels: a folder as any other.

    Attributes:
        encoder: Loads it: the spec that was trained, with the new folder for its model.
        pooling: As asked for; once `fitted` is kept in a store, its name belongs into `weights`.
        fitted: The weights of a learned pooling; None: it has none.
        fit: The head over its vectors.
    """

    encoder: EncoderSpec
    pooling: PoolingSpec
    fitted: Fitted | None
    fit: LinearFit


def fine_tune(
    encoder: EncoderSpec,
    pooling: PoolingSpec,
    examples: Examples,
    options: FineTuneSpec,
    folder: Path,
) -> FineTuned:
    """The encoder trained on the training rows, in the folder, which must not exist yet.

    Fixed and learned poolings are possible, of any layers; Dense layers stay as they are. Not tried
    on CUDA.

    Raises:
        ValueError: The encoder or pooling cannot be trained, there is nothing to hold out, a text
            has no token, or the folder exists.
    """
    started = time.perf_counter()
    _refuse_untrainable(encoder)
    refuse_existing(folder)
    held, others = hold_out(examples, options.validation_fold)
    loaded = load_trainable_encoder(encoder)
    with seeded(options.seed, loaded.device):
        trained = trainable_pooling(loaded, pooling)
        learner = _learner(trained, examples, options)
        losses = learn_until_best(
            _descent(learner, options, num_rows=len(others)),
            others,
            held,
            learner.loss,
            Patience(options.epochs, options.patience),
        )
        save_encoder(loaded, folder, pooling)
        found = _read_back(trained, learner, describe_training(examples, options), folder)
        fit = _linear_fit(found, examples, held, log_losses=losses, started=started)
    _refuse_others(folder, fit.held_logits, learner.logits(held))
    return FineTuned(found.encoder.spec, pooling, found.fitted, fit)


def _refuse_untrainable(encoder: EncoderSpec) -> None:
    if encoder.dtype != "float32":
        raise ValueError(
            f"encoder.dtype={encoder.dtype!r}: weights in training need float32. Leave dtype out; "
            "mixed_precision makes the steps fast on CUDA, and the trained folder can be used in "
            "any dtype."
        )
    if encoder.long_texts == "windows":
        raise ValueError(
            "encoder.long_texts='windows': training reads one window of a text. Train with "
            "'truncate' or 'head_tail'; the trained folder can be used with windows."
        )


def _learner(
    trained: TrainablePooling, examples: Examples, options: FineTuneSpec
) -> FineTuneLearner:
    encoder = trained.encoder
    device = torch.device(encoder.device).type
    some = [examples.texts[i] for i in examples.train[: options.batch_texts]]
    vectors = torch.from_numpy(_first_vectors(trained, some)).to(encoder.device)
    head = TrainedHead(vectors, len(examples.schema.labels), dropout=options.dropout)
    return FineTuneLearner(
        trained,
        examples.texts,
        head=head,
        loss=label_loss(examples, options.class_weight, encoder.device),
        batch_texts=options.batch_texts,
        autocast=torch.autocast(
            device, torch.bfloat16, enabled=device == "cuda" and options.mixed_precision
        ),
    )


def _first_vectors(trained: TrainablePooling, texts: list[str]) -> np.ndarray:
    fitted = trained.to_fitted() if trained.plan.spec.needs_weights else None
    return vectors_of_texts(trained.encoder, texts, trained.pooling, fitted)


def _descent(learner: FineTuneLearner, options: FineTuneSpec, *, num_rows: int) -> Descent:
    """AdamW with weights in three groups; biases and scales of normalisation do not decay.

    Source: https://arxiv.org/abs/1810.04805, section A.2, there with a rate of 2e-5 to 5e-5.
    """
    encoder, *others = learner.module
    wide = [weight for weight in encoder.parameters() if weight.ndim > 1]
    narrow = [weight for weight in encoder.parameters() if weight.ndim <= 1]
    fresh = [weight for module in others for weight in module.parameters()]
    rate = options.encoder_learning_rate
    optimizer = torch.optim.AdamW(
        [
            {"params": wide, "lr": rate},
            {"params": narrow, "lr": rate, "weight_decay": 0.0},
            {"params": fresh, "lr": options.learning_rate},
        ],
        weight_decay=options.weight_decay,
    )
    total = options.epochs * -(-num_rows // options.batch_texts)
    warmup = max(1.0, options.warmup_share * total)

    def rise_and_fall(step: int) -> float:
        return min((step + 1) / warmup, (total - step) / max(1.0, total - warmup))

    return Descent(learner, optimizer, LambdaLR(optimizer, rise_and_fall), options.largest_gradient)


def _read_back(
    trained: TrainablePooling, learner: FineTuneLearner, about: dict[str, JsonValue], folder: Path
) -> SpaceFit:
    """The folder's encoder, with the pooling and the head that were trained."""
    spec = trained.encoder.spec.model_copy(update={"model": str(folder), "revision": None})
    saved = load_encoder(spec)
    weights, bias = learner.head.folded()
    fitted = None
    if trained.plan.spec.needs_weights:
        fitted = replace(trained, encoder=saved).to_fitted(**about)
    return SpaceFit(saved, trained.pooling, fitted, weights, bias)


def _linear_fit(
    found: SpaceFit,
    examples: Examples,
    held: np.ndarray,
    *,
    log_losses: tuple[float, ...],
    started: float,
) -> LinearFit:
    return LinearFit(
        weights=found.weights,
        bias=found.bias,
        held=held,
        held_logits=found.logits(examples, held),
        test_logits=found.logits(examples, examples.test),
        log_losses=log_losses,
        seconds=time.perf_counter() - started,
    )


def _refuse_others(folder: Path, found: np.ndarray, trained: Tensor) -> None:
    difference = float(np.abs(found - trained.cpu().double().numpy()).max())
    if difference > _TOLERANCE:
        raise ValueError(
            f"{folder}: its logits are {difference:.1e} from those of the training: transformers "
            "does not keep all of this model. Choose another model."
        )
