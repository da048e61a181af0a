"""How long the vectors will be, said from the config files alone."""

from collections.abc import Callable
from pathlib import Path

import pytest

from embedding import EncoderSpec, output_dimension
from pooling import PoolingSpec

MakeFolder = Callable[..., Path]


def spec_of(folder: Path) -> EncoderSpec:
    return EncoderSpec(model=str(folder))


@pytest.mark.parametrize(
    ("pooling", "message"),
    [
        (PoolingSpec(layers=(3,)), r"layers \[3\] do not exist; this encoder has 0"),
        (PoolingSpec(layers=(2, -1)), "name one layer twice"),
        (PoolingSpec(dimensions=17), "dimensions=17, but its vectors have 16"),
        (PoolingSpec(dense=True), "has no Dense layers"),
    ],
)
def test_a_pooling_that_the_encoder_cannot_give_is_refused_from_its_files(
    pooling: PoolingSpec, message: str, make_folder: MakeFolder
) -> None:
    with pytest.raises(ValueError, match=message):
        output_dimension(spec_of(make_folder()), pooling)


@pytest.mark.parametrize(
    ("pooling", "dimension"),
    [
        (PoolingSpec(), 16),
        (PoolingSpec(strategy="max_min"), 32),
        (PoolingSpec(strategy="max_min", layers=(0, 1, -1), combine="concat"), 96),
        (PoolingSpec(layers=(0, 1), combine="mean"), 16),
        (PoolingSpec(dimensions=3), 3),
    ],
)
def test_the_dimension_is_known_before_any_weights_are(
    pooling: PoolingSpec, dimension: int, make_folder: MakeFolder
) -> None:
    assert output_dimension(spec_of(make_folder()), pooling) == dimension
