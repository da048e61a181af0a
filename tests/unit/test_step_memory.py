"""Memory and open files do not grow with the corpus."""

import os
from pathlib import Path
from typing import Any

import pytest

from benchmarks.memory import measure
from tasks.step import embed_step

MOST_GROWTH_MB = 60
SPACES = 2
CHUNKS, WARM = 200, 50


def test_memory_does_not_grow_with_the_corpus(tmp_path: Path) -> None:
    peaks = []
    for documents in (20_000, 100_000):
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

    memory, files = zip(*found[WARM:], strict=True)
    assert max(files) == min(files)
    assert memory[-1] - memory[0] < MOST_GROWTH_MB / 6, memory[::25]
