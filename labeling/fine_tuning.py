"""Train an encoder together with its pooling and a linear head, and write it to a folder."""

from dataclasses import dataclass
from pathlib import Path

from embedding import EncoderSpec
from labeling.examples import Examples
from labeling.linear_fit import LinearFit
from labeling.train_spec import FineTuneSpec
from pooling import Fitted, PoolingSpec


@dataclass(frozen=True, slots=True)
class FineTuned:
    """An encoder that was trained for labels: a folder as any other.

    Attributes:
        encoder: Loads it: the spec that was trained, with the new folder for its model.
        pooling: As asked for; once `fitted` is kept in a store, its name belongs into `weights`.
        fitted: The weights of a learned pooling; None: it has none.
        fit: The head over its vectors.
    """

    encoder: EncoderSpec
    pooling: PoolingSpec
    fitted: Fitted | None
    fit: LinearFit


def fine_tune(
    encoder: EncoderSpec,
    pooling: PoolingSpec,
    examples: Examples,
    options: FineTuneSpec,
    folder: Path,
) -> FineTuned:
    """The encoder trained on the training rows, in the folder, which must not exist yet.

    Raises:
        ValueError: The encoder or pooling cannot be trained, or there is nothing to hold out.
    """
    raise NotImplementedError
