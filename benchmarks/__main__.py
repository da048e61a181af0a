"""`make bench`: speed against sentence-transformers, many poolings against one, peak memory."""

from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks import memory, pooling_memory, poolings, speed

DOCUMENTS = 100_000
SPACES = 8

speed.main()
poolings.main()
pooling_memory.report()
with TemporaryDirectory() as folder:
    memory.report(memory.measure(Path(folder), DOCUMENTS, SPACES))
