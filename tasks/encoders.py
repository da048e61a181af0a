"""The encoder of this process: loaded once, kept across chunks and tasks."""

from functools import lru_cache

from embedding import Encoder, EncoderSpec, load_encoder


@lru_cache(maxsize=1)
def process_encoder(spec: EncoderSpec, token_budget: int | None) -> Encoder:
    """The loaded encoder; another spec takes the place of the one before."""
    return load_encoder(spec, token_budget=token_budget)
