"""Try an encoder out before any text of a corpus. Knows what must hold of every encoder."""

import numpy as np

from embedding.defaults import resolve_query_prompt
from embedding.encoded import EncodedTexts
from embedding.encoder import Encoder
from embedding.model import count_positions, count_rows
from embedding.spec import Dtype
from pooling import PoolingSpec

TEXTS = (
    "One text must have one vector.",
    "It must not matter whether a text is encoded alone or beside longer ones, as this one is, "
    "nor how much padding that takes.",
    "1",
)
# Of normalised vectors, largest difference: about fifty times what the arithmetic itself gives.
TOLERANCES: dict[Dtype, float] = {"float32": 1e-5, "float16": 1e-2, "bfloat16": 5e-2}


def check_encoder(encoder: Encoder) -> None:
    """Refuse an encoder whose parts do not fit, or that gives one text two vectors.

    Raises:
        ValueError: What does not fit.
    """
    _check_sizes(encoder)
    encoder.parts.tokenizer.check_prompt(encoder.identity.prompt)
    encoder.parts.tokenizer.check_prompt(resolve_query_prompt(encoder.spec, encoder.parts.folder))
    groups = [[text] for text in TEXTS]
    *alone, together = encoder.encode_groups([*groups, TEXTS], [PoolingSpec()])
    _check_vectors(encoder, alone, together)


def _check_sizes(encoder: Encoder) -> None:
    name = encoder.spec.model
    rows = count_rows(encoder.parts.transformer)
    largest = max(encoder.parts.tokenizer.backend.get_vocab().values())
    if largest >= rows:
        raise ValueError(
            f"model {name!r}: the tokenizer gives ids up to {largest}, but the model has {rows} "
            "embeddings. Tokenizer and weights are of two models."
        )
    positions = count_positions(encoder.parts.transformer)
    if positions is not None and encoder.identity.max_tokens > positions:
        raise ValueError(
            f"max_tokens={encoder.identity.max_tokens}, but model {name!r} has {positions} "
            f"positions. Set encoder.max_tokens to {positions} or less."
        )


def _check_vectors(encoder: Encoder, alone: list[EncodedTexts], together: EncodedTexts) -> None:
    usable = ~together.no_tokens
    if not usable.any():
        raise ValueError(
            f"model {encoder.spec.model!r}: the tokenizer finds no token in {TEXTS[0]!r}. "
            "Its vocabulary may be empty: download the model again."
        )
    if together.bad[0].any() or any(result.bad[0].any() for result in alone):
        raise ValueError(
            f"model {encoder.spec.model!r} gives vectors that are not finite on {encoder.device} "
            f"in {encoder.spec.dtype}. Set encoder.dtype to float32 or bfloat16."
        )
    difference = np.concatenate([r.vectors[0] for r in alone]) - together.vectors[0]
    largest = float(np.abs(difference[usable]).max())
    if largest > TOLERANCES[encoder.spec.dtype]:
        raise ValueError(
            f"model {encoder.spec.model!r} gives a text another vector beside longer texts "
            f"({largest:.1e} apart; {TOLERANCES[encoder.spec.dtype]:.0e} is allowed in "
            f"{encoder.spec.dtype}). It cannot be used in batches: choose another model."
        )
