"""What was learned, looked at as a space and a head: the vectors are those that a corpus gets."""

import hashlib
from dataclasses import dataclass

import numpy as np
from pydantic import BaseModel, JsonValue

from embedding import Encoder, vectors_of_texts
from labeling.examples import Examples
from labeling.training.linear_fit import linear_logits
from pooling import Fitted, PoolingSpec


@dataclass(frozen=True, slots=True)
class SpaceFit:
    """A space and a linear head over it.

    Attributes:
        fitted: The weights of the pooling; None: it has none.
        weights: Float32 [labels, dimension].
        bias: Float32 [labels].
    """

    encoder: Encoder
    pooling: PoolingSpec
    fitted: Fitted | None
    weights: np.ndarray
    bias: np.ndarray

    def logits(self, examples: Examples, rows: np.ndarray) -> np.ndarray:
        """Float64 logits of some rows, from vectors as they will be stored.

        Raises:
            ValueError: A text has no token, or its vector is not finite.
        """
        texts = [examples.texts[i] for i in rows]
        vectors = vectors_of_texts(self.encoder, texts, self.pooling, self.fitted)
        return linear_logits(vectors, self.weights, self.bias)


def describe_training(examples: Examples, options: BaseModel) -> dict[str, JsonValue]:
    """On what weights were trained and how, for their identity: no date and no place."""
    hashed = hashlib.sha256()
    for place in examples.train:
        hashed.update(hashlib.sha256(examples.texts[place].encode()).digest())
        hashed.update(np.packbits(examples.indicator[place]).tobytes())
    return {
        "label_schema": examples.schema.model_dump(mode="json"),
        "trained_on": {"num_texts": len(examples.train), "sha256": hashed.hexdigest()},
        "training": options.model_dump(mode="json", exclude={"states_bytes"}),
    }
