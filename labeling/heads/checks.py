"""Refuse arrays that are not what a head expects. Knows shapes, no head."""

from collections.abc import Mapping, Sequence

import numpy as np

from labeling.labeler import Inputs

# The names of the dimensions of one tensor, such as ("labels", "dimension").
Dimensions = tuple[str, ...]


def vectors_of(inputs: Inputs, dimension: int) -> np.ndarray:
    """The inputs, if they are vectors of that length.

    Raises:
        ValueError: They are others, or texts.
    """
    if not isinstance(inputs, np.ndarray):
        raise ValueError(f"expected vectors of {dimension} numbers; found texts")
    if inputs.ndim != 2 or inputs.shape[1] != dimension:  # noqa: PLR2004 - rows and columns
        raise ValueError(
            f"expected vectors of {dimension} numbers; found an array of shape {inputs.shape}. "
            "Give the vectors of the space that the head was trained on."
        )
    return inputs


def texts_of(inputs: Inputs) -> Sequence[str]:
    """The inputs, if they are texts.

    Raises:
        ValueError: They are an array.
    """
    if isinstance(inputs, np.ndarray):
        raise ValueError(f"expected texts; found an array of shape {inputs.shape}")
    return inputs


def votes_of(inputs: Inputs, num_members: int, num_labels: int) -> np.ndarray:
    """The inputs, if they are the probabilities of so many members for so many labels.

    Raises:
        ValueError: They are others, or texts.
    """
    shape = inputs.shape if isinstance(inputs, np.ndarray) else ("texts",)
    if not isinstance(inputs, np.ndarray) or shape[1:] != (num_members, num_labels):
        raise ValueError(
            f"expected probabilities of {num_members} members for {num_labels} labels; found "
            f"{shape}. Give those of all members, in the order of the labeler's source."
        )
    return inputs


def expect_tensors(
    tensors: Mapping[str, np.ndarray],
    expected: Mapping[str, Dimensions],
    sizes: Mapping[str, int],
) -> None:
    """Refuse tensors of other names, or of shapes that contradict `sizes` or each other.

    Raises:
        ValueError: With what was expected and found.
    """
    if set(tensors) != set(expected):
        raise ValueError(f"expected tensors {sorted(expected)}; found {sorted(tensors)}")
    known = dict(sizes)
    for name, dimensions in expected.items():
        shape = tensors[name].shape
        if len(shape) != len(dimensions):
            raise ValueError(f"tensor {name!r}: expected {dimensions}; found shape {shape}")
        for dimension, size in zip(dimensions, shape, strict=True):
            if known.setdefault(dimension, size) != size:
                raise ValueError(
                    f"tensor {name!r}: expected {known[dimension]} {dimension}; found {size}"
                )
