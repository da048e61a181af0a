"""The head with a hidden layer stops by rows whose vectors it has not learned from."""

import numpy as np
import pytest

from labeling import LabelSchema
from labeling.examples import Examples
from labeling.heads import mlp
from labeling.heads.head_kind import TrainingRows
from labeling.heads.mlp import Mlp

Held = tuple[np.ndarray, np.ndarray]


def test_equal_vectors_are_held_out_together(monkeypatch: pytest.MonkeyPatch) -> None:
    found: list[Held] = []
    hold_out = mlp.hold_out

    def watched(examples: Examples, fold: int) -> Held:
        found.append(hold_out(examples, fold))
        return found[-1]

    monkeypatch.setattr(mlp, "hold_out", watched)
    vector = np.random.default_rng(0).permutation(np.repeat(np.arange(40), 5))
    vectors = np.random.default_rng(1).normal(size=(40, 4)).astype(np.float32)[vector]
    schema = LabelSchema(task="single_label", labels=("even", "odd"))
    rows = TrainingRows(schema, vectors, np.eye(2, dtype=bool)[vector % 2])
    Mlp(epochs=1).fit(rows, None)
    ((held, others),) = found

    assert len(held) == 20  # four vectors of forty
    assert not set(vector[held]) & set(vector[others])
