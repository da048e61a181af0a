"""How a stored space becomes again the encoder and the pooling that made it.

Knows lineages and model folders. Loads no model.
"""

from data import Dataset, SpaceLineage
from embedding import EncoderSpec, identify_encoder
from pooling import PoolingSpec


class FingerprintMismatch(ValueError):
    """The model that is found now is not the one that made the stored vectors."""


def stored_specs(
    space: Dataset, model: str | None = None, *, option: str = "--model"
) -> tuple[EncoderSpec, PoolingSpec]:
    """The encoder and the pooling that made a space, proved to be the same by its files.

    `model` is where the model is now, if its folder was moved; `option` says so on a command line.

    Raises:
        FingerprintMismatch: the model folder holds other weights, tokenizer or settings now.
        ValueError: there is no model.
    """
    assert isinstance(space.lineage, SpaceLineage)
    spec = stored_encoder(space, model)
    try:
        found = identify_encoder(spec).model_dump(mode="json")
    except ValueError as error:
        raise ValueError(f"{error} If it was moved, say where it is now with {option}.") from error
    differing = [name for name, value in found.items() if space.lineage.encoder.get(name) != value]
    if differing:
        raise FingerprintMismatch(
            f"the model at {spec.model!r} is not the one that made the space {space.slug}: "
            f"{', '.join(differing)} differ. Say where that one is with {option}."
        )
    return spec, PoolingSpec.model_validate(space.lineage.pooling)


def stored_encoder(space: Dataset, model: str | None = None) -> EncoderSpec:
    """The encoder as it was asked for when the space was new, on any device."""
    assert space.provenance is not None
    here = {"device": "auto"} | ({"model": model, "revision": None} if model else {})
    return EncoderSpec.model_validate(space.provenance.encoder_spec | here)
