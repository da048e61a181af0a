"""Decisions as columns: the label of a single-label task, and all labels of any task.

Knows bool arrays of labels. The way back is here, too.
"""

import numpy as np
import pyarrow as pa

from data import vector_array
from labeling import LabelSchema, Predictions


def decision_columns(schema: LabelSchema, chosen: np.ndarray) -> tuple[pa.Array, pa.Array]:
    """The label of each row, null in a multi-label task, and the list of its labels."""
    names = pa.array(schema.labels, pa.string())
    rows, columns = np.nonzero(chosen)
    offsets = np.searchsorted(rows, np.arange(len(chosen) + 1)).astype(np.int32)
    several = pa.ListArray.from_arrays(pa.array(offsets), names.take(pa.array(columns)))
    if schema.task == "multi_label":
        return pa.nulls(len(chosen), pa.string()), several
    return names.take(pa.array(chosen.argmax(axis=1))), several


def certainty_columns(predictions: Predictions) -> dict[str, pa.Array]:
    """Score, probabilities, and whether anybody needs to look."""
    return {
        "score": pa.array(predictions.score.astype(np.float32)),
        "probabilities": vector_array(predictions.probabilities.astype(np.float32)),
        "is_auto": pa.array(predictions.is_auto),
    }


def indicator_of(schema: LabelSchema, labels: pa.ChunkedArray) -> np.ndarray:
    """Bool [n, labels]: which of the schema's labels each list holds; others are passed over."""
    lists = labels.combine_chunks()
    codes = {name: place for place, name in enumerate(schema.labels)}
    found = np.zeros((len(lists), len(codes)), bool)
    rows = np.repeat(np.arange(len(lists)), lists.value_lengths().fill_null(0).to_numpy())
    places = np.array([codes.get(name, -1) for name in lists.flatten().to_pylist()], np.int64)
    found[rows[places >= 0], places[places >= 0]] = True
    return found
