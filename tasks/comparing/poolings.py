"""Which poolings are compared when none is named. Knows the strategies; loads no model."""

from embedding import EncoderSpec, output_dimension
from pooling import POOLERS, PoolingSpec

# Strategies whose vectors have the direction of others once they are normalised.
_SAME_DIRECTION = frozenset({"mean_sqrt_len"})
_OVER_LAYERS = (
    PoolingSpec(strategy="mean", layers=(-4, -3, -2, -1), combine="mean"),
    PoolingSpec(strategy="mean", layers=(-4, -3, -2, -1), combine="concat"),
    PoolingSpec(strategy="mean", layers=(1, -1), combine="mean"),
    PoolingSpec(strategy="mean", layers=(-3,)),
    PoolingSpec(strategy="mean", layers=(0,)),
)


def fixed_poolings(encoder: EncoderSpec) -> tuple[PoolingSpec, ...]:
    """Every strategy without weights, and mean over several layers: one forward pass gives all.

    What this encoder cannot give, such as a pooler that it does not have, is left out.
    """
    strategies = [PoolingSpec(strategy=name) for name in POOLERS if name not in _SAME_DIRECTION]
    fixed = [pooling for pooling in strategies if not pooling.needs_weights]
    return tuple(each for each in (*fixed, *_OVER_LAYERS) if _can_give(encoder, each))


def _can_give(encoder: EncoderSpec, pooling: PoolingSpec) -> bool:
    try:
        output_dimension(encoder, pooling)
    except ValueError:
        return False
    return True
