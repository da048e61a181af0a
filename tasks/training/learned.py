"""Spaces that come of a training: learned poolings, and encoders that were trained for the labels.

Knows the store, in which weights and model folders are kept. The learning is labeling's.
"""

import shutil
import uuid
from dataclasses import dataclass
from pathlib import Path

from data import OpenStore
from embedding import EncoderSpec, identify_encoder
from labeling import Examples, LinearFit, fine_tune, train_pooler
from pooling import Fitted, PoolingSpec
from tasks.encoders import planned_encoder
from tasks.fitted import save_fitted
from tasks.training.request import TrainRequest
from tasks.training.spaces import TrainingSpace, find_space
from tasks.training.titles import join_title, space_words


@dataclass(frozen=True, slots=True)
class LearnedSpace:
    """A space whose vectors are still to be embedded, and the head that was learned with it."""

    space: TrainingSpace
    fit: LinearFit


def learn_pooling(
    store: OpenStore,
    request: TrainRequest,
    examples: Examples,
    encoder: EncoderSpec,
    pooling: PoolingSpec,
) -> LearnedSpace:
    """Learn a pooling with a head on the frozen encoder, and keep its weights in the store."""
    identity = identify_encoder(encoder)
    loaded = planned_encoder(encoder, identity, request.run.token_budget)
    found = train_pooler(loaded, examples, pooling, request.training.learning)
    words = space_words(encoder, pooling, with_model=len(request.spaces) > 1)
    named = _keep_weights(store, join_title(request.title, words), found.pooling, found.fitted)
    return LearnedSpace(find_space(store, words, encoder, identity, named), found.fit)


def tune_encoder(
    store: OpenStore,
    request: TrainRequest,
    examples: Examples,
    encoder: EncoderSpec,
    pooling: PoolingSpec,
) -> LearnedSpace:
    """Train an encoder with a pooling and a head, into a folder of the store named by its content.

    A folder of the same content stays, so that the same training twice makes one encoder.
    """
    words = space_words(encoder, pooling, with_model=len(request.spaces) > 1)
    title = join_title(request.title, "tuned", words)
    folder = Path(store.location(f"encoders/{title}.{uuid.uuid4().hex}.unfinished"))
    folder.parent.mkdir(exist_ok=True)
    try:
        found = fine_tune(encoder, pooling, examples, request.training.fine_tuning, folder)
        named = _keep_weights(store, title, found.pooling, found.fitted)
        final = _place_folder(found.encoder, folder, title)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    space = find_space(store, f"tuned_{words}", final, identify_encoder(final), named)
    return LearnedSpace(space, found.fit)


def _keep_weights(
    store: OpenStore, title: str, pooling: PoolingSpec, fitted: Fitted | None
) -> PoolingSpec:
    if fitted is None:
        return pooling
    return pooling.model_copy(update={"weights": save_fitted(store, title, fitted)})


def _place_folder(encoder: EncoderSpec, folder: Path, title: str) -> EncoderSpec:
    """Rename the folder by what is in it; the encoder that it holds then."""
    made = encoder.model_copy(update={"model": str(folder)})
    final = folder.parent / f"{title}-{identify_encoder(made).weights[:8]}"
    if not final.exists():
        folder.rename(final)
    return encoder.model_copy(update={"model": str(final)})
