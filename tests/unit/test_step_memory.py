"""Memory does not grow with the corpus: five times the documents of one giant row group."""

from pathlib import Path

from benchmarks.memory import measure

MOST_GROWTH_MB = 60
SPACES = 2


def test_memory_does_not_grow_with_the_corpus(tmp_path: Path) -> None:
    peaks = []
    for documents in (20_000, 100_000):
        folder = tmp_path / str(documents)
        folder.mkdir()
        found = measure(folder, documents, SPACES)
        assert (found.documents, found.spaces) == (documents, SPACES)
        peaks.append(found.peak_mb)

    assert peaks[1] - peaks[0] < MOST_GROWTH_MB, peaks
