"""Labelers of a store, loaded once in this process."""

from functools import lru_cache

from data import load_model, open_existing_store
from labeling import Labeler, labeler_from_bytes


@lru_cache(maxsize=128)  # more than a night has, which takes them in turn for each chunk
def process_labeler(path: str, name: str) -> Labeler:
    """The labeler of that name in the store at that path.

    Raises:
        ValueError: the store has none, or its files do not fit together.
        DamagedModel: its files were changed.
    """
    stored = load_model(open_existing_store(path), name)
    return labeler_from_bytes(stored.about, stored.tensors)
