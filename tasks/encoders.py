"""The encoder of this process, and what poolings need: loaded once, kept across tasks."""

import weakref
from collections.abc import Iterator, Sequence
from functools import lru_cache, partial
from threading import Lock

import numpy as np

from data import open_existing_store
from embedding import Encoder, EncoderIdentity, EncoderSpec, load_encoder
from pooling import FittedByName, PoolingSpec
from tasks.assembly import GROUP_ROWS, Encode
from tasks.fitted import fitted_names, load_fitted
from tasks.hangs import note_progress
from tasks.in_work import IN_WORK
from tasks.job import EmbedJob

_LOADING = Lock()  # else two threads would load it twice


def job_encoder(job: EmbedJob) -> Encoder:
    """The loaded encoder that the job was planned for.

    Raises:
        ValueError: the model was replaced since, in its folder or on the hub.
    """
    return planned_encoder(job.encoder, job.identity, job.token_budget)


def planned_encoder(
    spec: EncoderSpec, identity: EncoderIdentity, token_budget: int | None
) -> Encoder:
    """The loaded encoder, which is the one that was identified before.

    Raises:
        ValueError: the model was replaced since, in its folder or on the hub.
    """
    with _LOADING:
        encoder = process_encoder(spec, token_budget)
        if encoder.identity != identity:
            process_encoder.cache_clear()  # in a process that lives on, it is the one from before
            del encoder
            encoder = process_encoder(spec, token_budget)
    if encoder.identity != identity:
        raise ValueError(
            f"the model {spec.model!r} is not the one that was planned for: it was replaced "
            "since. Run again; for a hub id, name a commit in encoder.revision."
        )
    return encoder


@lru_cache(maxsize=1)
def process_encoder(spec: EncoderSpec, token_budget: int | None) -> Encoder:
    """The loaded encoder; another spec takes the place of the one before.

    Each batch that goes through it is progress.
    """
    encoder = load_encoder(spec, token_budget=token_budget)

    loaded = weakref.ref(encoder)  # its own module must not keep it when it is let go of

    def note(*_: object) -> None:
        note_progress()
        if (there := loaded()) is not None:
            IN_WORK.note_texts(there.texts_done)

    encoder.parts.transformer.module.register_forward_pre_hook(note)
    return encoder


def vectors_of_sample(
    encoder: Encoder, texts: Sequence[str], pooling: PoolingSpec, fitted: FittedByName
) -> Iterator[np.ndarray]:
    """The good vectors of some texts, group by group; memory holds one group of them.

    Raises:
        ValueError: no text has one.
    """
    groups = (texts[i : i + GROUP_ROWS] for i in range(0, len(texts), GROUP_ROWS))
    count = 0
    for found in encoder.encode_groups(groups, [pooling], fitted):
        vectors = found.vectors[0][~(found.no_tokens | found.bad[0])]
        count += len(vectors)
        if len(vectors):
            yield vectors
    if not count:
        raise ValueError("no text of the sample has a vector. Choose another corpus or encoder.")


def job_encode(job: EmbedJob) -> Encode:
    """How the job's texts are encoded: its encoder, with what was fitted for its poolings."""
    return partial(job_encoder(job).encode_groups, fitted=job_fitted(job))


def job_fitted(job: EmbedJob) -> FittedByName:
    """What was fitted for the job's poolings; the store is not opened for those without."""
    names = fitted_names([space.pooling for space in job.spaces])
    return _process_fitted(job.store.path, names) if names else {}


@lru_cache(maxsize=1)
def _process_fitted(path: str, names: tuple[str, ...]) -> FittedByName:
    return load_fitted(open_existing_store(path), names)
