"""`make bench`: speed against sentence-transformers, then peak memory; a few minutes."""

from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks import memory, speed

DOCUMENTS = 100_000
SPACES = 8

speed.main()
with TemporaryDirectory() as folder:
    memory.report(memory.measure(Path(folder), DOCUMENTS, SPACES))
