"""Refuse what was fitted for another encoder or pooling. Knows what `about` says, no tensors.

Shapes alone would let it pass: two tokenizers may have as many ids, and two encoders be as wide.
"""

from collections.abc import Mapping

from embedding.identity import EncoderIdentity
from pooling import FittedByName, PoolingSpec


def refuse_foreign(
    pooling: PoolingSpec, identity: EncoderIdentity, fitted: FittedByName | None
) -> None:
    """Compare the weights that the pooling names with the encoder and the settings it is used with.

    What their `about` does not state, they do not depend on.

    Raises:
        ValueError: They were fitted with another tokenizer, encoder or setting.
    """
    weights = (fitted or {}).get(pooling.weights or "")
    if weights is None:
        return
    here = identity.model_dump(mode="json")
    what = f"pooling {pooling.strategy!r}: its weights, {_short(pooling.weights or '')},"
    if weights.about.get("tokenizer", here["tokenizer"]) != here["tokenizer"]:
        raise ValueError(
            f"{what} were counted with another tokenizer than this encoder's, so its ids mean "
            "other words. Fit them with this encoder, or choose the one that they were fitted with."
        )
    if differing := _differing(weights.about.get("encoder"), here):
        raise ValueError(
            f"{what} were fitted with another encoder ({', '.join(differing)} differ). Fit them "
            "with this one."
        )
    if differing := _differing(weights.about.get("pooling"), pooling.model_dump(mode="json")):
        words = [f"{key} {stated}, found {found}" for key, (stated, found) in differing.items()]
        raise ValueError(
            f"{what} were fitted with other settings: {'; '.join(words)}. Use those they "
            "were fitted with, or fit them with these."
        )


def _short(name: str) -> str:
    """A name as it is; of a fingerprint the digits that end the name."""
    return name if "-" in name else name[:8]


def _differing(stated: object, found: Mapping[str, object]) -> dict[str, tuple[object, object]]:
    """By name, what is stated and what is found, where these differ; of nothing stated, nothing."""
    if not isinstance(stated, dict):
        return {}
    return {
        key: (value, found.get(key)) for key, value in stated.items() if found.get(key) != value
    }
