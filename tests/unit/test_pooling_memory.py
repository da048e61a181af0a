"""Memory does not grow with the poolings of a pass by more than their vectors."""

from pathlib import Path

from benchmarks.memory import write_model
from benchmarks.pooling_memory import PLAIN, measure

TEXTS = 512


def test_many_poolings_need_the_memory_of_one_and_their_vectors(tmp_path: Path) -> None:
    write_model(tmp_path / "model")
    one, many = (measure(tmp_path, TEXTS, names) for names in (["mean"], PLAIN))
    assert len(PLAIN) >= 12
    copies = (many.pass_mb - one.pass_mb - many.vectors_mb) / one.states_mb
    assert copies < 0.5, (one, many)  # of the token states: each pooling could have made one
