"""Memory and open files do not grow with the corpus."""

import os
from pathlib import Path
from typing import Any

import pytest

from benchmarks.memory import measure
from tasks.step import embed_step

# Of chunks of 20,000: where the heap has found its size, and four more. What is learnt of texts,
# and how threads meet, come to 20 to 85 MB; the vectors of four chunks would be 245.
WARM, MORE, MOST_GROWTH_MB = 60_000, 140_000, 120
SPACES = 2
CHUNKS, WARM_CHUNKS, MOST_GROWTH_OF_SMALL_MB = 200, 50, 10


def test_memory_does_not_grow_with_the_corpus(tmp_path: Path) -> None:
    peaks = []
    for documents in (WARM, MORE):
        folder = tmp_path / str(documents)
        folder.mkdir()
        found = measure(folder, documents, SPACES)
        assert (found.documents, found.spaces) == (documents, SPACES)
        peaks.append(found.peak_mb)

    assert peaks[1] - peaks[0] < MOST_GROWTH_MB, peaks


def in_use() -> tuple[float, int]:
    """Megabytes of memory and open files of this process."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6, len(list(Path("/proc/self/fd").iterdir()))


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="it is /proc that is asked")
def test_memory_and_open_files_are_flat_over_200_chunks(small: Any) -> None:
    small.write("a.parquet", [f"a note on matter {n}" for n in range(CHUNKS * 5)])
    work = small.plan(chunk_rows=5)
    assert len(work.chunks) == CHUNKS

    found = [in_use() for _ in embed_step(work.job, work.chunks)]

    memory, files = zip(*found[WARM_CHUNKS:], strict=True)
    assert max(files) == min(files)
    assert memory[-1] - memory[0] < MOST_GROWTH_OF_SMALL_MB, memory[::25]
