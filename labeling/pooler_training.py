"""Learn a pooling and a linear head on the token states of a frozen encoder."""

from dataclasses import dataclass

from embedding import Encoder
from labeling.examples import Examples
from labeling.linear_fit import LinearFit
from labeling.train_spec import TrainSpec
from pooling import Fitted, PoolingSpec


@dataclass(frozen=True, slots=True)
class TrainedPooler:
    """A pooling that was learned, and the head over its vectors.

    Attributes:
        pooling: As asked for; once `fitted` is kept in a store, its name belongs into `weights`.
        fitted: What was learned; None: the pooling has no weights, and only the head was.
        fit: The head.
    """

    pooling: PoolingSpec
    fitted: Fitted | None
    fit: LinearFit


def default_learned_pooling(encoder: Encoder) -> PoolingSpec:
    """Attention over a learned mix of all layers: what did best on a frozen encoder."""
    layers = tuple(range(encoder.parts.architecture.num_layers + 1))
    return PoolingSpec(strategy="attention", layers=layers, combine="mix")


def train_pooler(
    encoder: Encoder, examples: Examples, pooling: PoolingSpec, options: TrainSpec
) -> TrainedPooler:
    """The pooling and a head, learned from the training rows.

    A pooling without weights is possible: then the head alone is learned, in the same way.

    Raises:
        ValueError: A text has no token, there is nothing to hold out, or the pooling cannot be
            learned.
    """
    raise NotImplementedError
