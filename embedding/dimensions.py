"""Work out which layers a pooling reads and how long its vectors are. Knows numbers only."""

from embedding.architecture import Architecture
from embedding.dense import read_dense
from embedding.folder import ModelFolder
from embedding.own_pooler import has_pooler
from pooling import FittedByName, PoolingSpec, Sizes, TextPooler, build_pooler


def resolve_layers(pooling: PoolingSpec, num_layers: int) -> tuple[int, ...]:
    """The layers counted from 0, the embedding output, to `num_layers`, the last hidden state.

    Raises:
        ValueError: A layer that the encoder does not have, or the same one twice.
    """
    count = num_layers + 1
    if wrong := [layer for layer in pooling.layers if not -count <= layer < count]:
        raise ValueError(
            f"pooling {pooling.strategy!r}: layers {wrong} do not exist; this encoder has 0 (the "
            f"embedding output) to {num_layers}, or -{count} to -1. Change pooling.layers."
        )
    resolved = tuple(layer % count for layer in pooling.layers)
    if len(set(resolved)) < len(resolved):
        raise ValueError(
            f"pooling {pooling.strategy!r}: layers {list(pooling.layers)} name one layer twice in "
            f"an encoder of {num_layers} layers. Name each once."
        )
    return resolved


def check_over_windows(pooling: PoolingSpec, long_texts: str) -> None:
    """Refuse a way over windows where no text has several.

    Raises:
        ValueError: It would make another space of the same vectors.
    """
    if pooling.over_windows != "mean" and long_texts != "windows":
        raise ValueError(
            f"pooling {pooling.strategy!r}: over_windows={pooling.over_windows!r}, but with "
            f"encoder.long_texts={long_texts!r} each text is one window. Set encoder.long_texts to "
            "'windows', or leave over_windows out."
        )


def fitting_pooler(
    pooling: PoolingSpec,
    folder: ModelFolder,
    architecture: Architecture,
    fitted: FittedByName | None = None,
) -> TextPooler:
    """The pooling built for the states of this encoder, and filled.

    Raises:
        ValueError: The encoder cannot give this pooling, or what was fitted does not fit it.
    """
    if pooling.strategy == "pooler" and not has_pooler(folder, architecture.config):
        raise ValueError(
            f"pooling 'pooler': model {folder.name!r} has none among its weights. "
            "Choose another strategy, such as cls."
        )
    layers = resolve_layers(pooling, architecture.num_layers)
    side_by_side = len(layers) if pooling.combine == "concat" else 1
    sizes = Sizes(architecture.hidden_size * side_by_side, architecture.vocabulary_size)
    return build_pooler(pooling, sizes, fitted)


def vector_dimension(pooler: TextPooler, folder: ModelFolder, architecture: Architecture) -> int:
    """How long the vectors are after combining layers, pooling, Dense layers and the cut.

    Raises:
        ValueError: The encoder's Dense layers do not follow, or the cut is none.
    """
    pooling = pooler.spec
    side_by_side = len(pooling.layers) if pooling.combine == "concat" else 1
    width = pooler.width(architecture.hidden_size * side_by_side)
    if pooling.dense:
        width = _dense_width(pooling, folder, width)
    if pooling.dimensions is None:
        return width
    if pooling.dimensions > width:
        raise ValueError(
            f"pooling {pooling.strategy!r}: dimensions={pooling.dimensions}, but its vectors have "
            f"{width}. Set pooling.dimensions to {width} or less."
        )
    return pooling.dimensions


def _dense_width(pooling: PoolingSpec, folder: ModelFolder, width: int) -> int:
    if not folder.dense:
        raise ValueError(
            f"pooling {pooling.strategy!r}: dense=true, but model {folder.name!r} has no Dense "
            "layers. Set pooling.dense to false."
        )
    for path in folder.dense:
        config = read_dense(path)
        if config.in_features != width:
            raise ValueError(
                f"pooling {pooling.strategy!r}: its vectors have {width} dimensions, but Dense "
                f"layer {path.name} takes {config.in_features}. Set pooling.dense to false."
            )
        width = config.out_features
    return width
