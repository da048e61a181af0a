"""Refuse what was fitted for another encoder or pooling. Knows what `about` says, no tensors.

Shapes alone would let it pass: two tokenizers may have as many ids, and two encoders be as wide.
"""

from embedding.identity import EncoderIdentity
from pooling import FittedByName, PoolingSpec
from pooling.differences import name_differences
from pooling.filling import name_weights, refuse_other_pooling


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
    refuse_other_pooling(pooling, weights)
    here = identity.model_dump(mode="json")
    what = name_weights(pooling, weights)
    if weights.about.get("tokenizer", here["tokenizer"]) != here["tokenizer"]:
        raise ValueError(
            f"{what} were counted with another tokenizer than this encoder's, so its ids mean "
            "other words. Fit them with this encoder, or choose the one that they were fitted with."
        )
    stated = weights.about.get("encoder")
    if words := name_differences(stated if isinstance(stated, dict) else {}, here):
        raise ValueError(
            f"{what} were fitted with another encoder: {'; '.join(words)}. Fit them with this one, "
            "or choose that one."
        )
