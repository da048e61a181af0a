"""The spaces of a training: which datasets hold their vectors, and what they are called in titles.

Knows encoders by their files, and the store. Loads a model only for the vectors of a few texts.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from data import Dataset, OpenStore, load_model, resolve_dataset
from embedding import EncoderIdentity, EncoderSpec, identify_encoder
from labeling import SpaceSource
from pooling import FittedByName, PoolingSpec, without_precision
from tasks.assembly import GROUP_ROWS
from tasks.encoders import planned_encoder
from tasks.fitted import fitted_names, load_fitted, name_by_fingerprint
from tasks.spaces import space_dataset
from tasks.training.request import TrainRequest
from tasks.training.titles import asked_spaces, space_words


@dataclass(frozen=True, slots=True)
class TrainingSpace:
    """One space that labelers are trained on.

    Attributes:
        words: What it is called in titles.
        pooling: With fingerprints for what was fitted.
    """

    words: str
    dataset: Dataset
    encoder: EncoderSpec
    identity: EncoderIdentity
    pooling: PoolingSpec
    fitted: FittedByName

    @property
    def source(self) -> SpaceSource:
        """What a labeler says that it reads."""
        return SpaceSource(space=self.dataset.fingerprint, name=self.dataset.name)


def training_spaces(store: OpenStore, request: TrainRequest) -> list[TrainingSpace]:
    """The spaces that are asked for, in their order.

    Raises:
        ValueError: an encoder cannot give one of them.
    """
    identify = cache(identify_encoder)
    several = len(request.spaces) > 1
    return [
        find_space(
            store,
            space_words(encoder, pooling, with_model=several),
            encoder,
            identify(encoder),
            pooling,
        )
        for encoder, pooling in asked_spaces(request)
    ]


def learned_words(store: OpenStore, request: TrainRequest) -> Iterator[str]:
    """Which of the spaces learned from labels before this training, which may be the same ones."""
    tuned = Path(request.store.path, "encoders").resolve()
    for encoder, pooling in asked_spaces(request):
        names = [
            name
            for name in fitted_names([pooling])
            if "label_schema" in load_model(store, name).about
        ]
        if Path(encoder.model).resolve().is_relative_to(tuned):
            names.append(Path(encoder.model).name)
        if names:
            words = space_words(encoder, pooling, with_model=False)
            yield (
                f"{words} has learned from labels already ({', '.join(names)}): if some of these "
                "were among them, its figures are too good, and so is what is chosen by them."
            )


def find_space(
    store: OpenStore,
    words: str,
    encoder: EncoderSpec,
    identity: EncoderIdentity,
    pooling: PoolingSpec,
) -> TrainingSpace:
    """The space of an encoder with a pooling, registered in the store when it is new."""
    named = name_by_fingerprint(store, pooling)
    fitted = load_fitted(store, fitted_names([named]))
    dataset = resolve_dataset(store, space_dataset(encoder, identity, named, fitted))
    return TrainingSpace(words, dataset, encoder, identity, named, fitted)


def encode_texts(
    space: TrainingSpace, texts: Sequence[str], token_budget: int | None
) -> np.ndarray:
    """The vectors of a few texts in the space, float32, not rounded.

    Raises:
        ValueError: one of the texts has none.
    """
    encoder = planned_encoder(space.encoder, space.identity, token_budget)
    pooling = without_precision(space.pooling)
    groups = _groups(texts)
    pieces = []
    for found in encoder.encode_groups(groups, [pooling], space.fitted):
        bad = found.no_tokens | found.bad[0]
        if bad.any():
            raise ValueError(
                f"{int(bad.sum())} of {len(texts)} texts have no vector in {space.dataset.slug}. "
                "Give texts with words that the tokenizer knows."
            )
        pieces.append(found.vectors[0].astype(np.float32))
    return np.concatenate(pieces)


def _groups(texts: Sequence[str]) -> Iterator[Sequence[str]]:
    return (texts[start : start + GROUP_ROWS] for start in range(0, len(texts), GROUP_ROWS))
