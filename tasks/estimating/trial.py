"""Embed a sample by the very step of a run, into a store that is thrown away.

Knows parts, seconds and counts. Keeps no text and no vector.
"""

import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pyarrow.parquet as pq

from data import ChunkRows, LocalStore, Record, Reuse, read_record
from tasks.estimating.sample import Sample, thin
from tasks.job import EmbedJob
from tasks.owed import Owed
from tasks.step import embed_rows

_FIRST_TEXTS = 2
_GROWTH = 8


@dataclass(frozen=True, slots=True)
class Trial:
    """What embedding some texts took and gave.

    Attributes:
        texts: How many went through the step.
        seconds: From the texts to the commit records.
        tokens: How many the model read of them, without special and prompt tokens.
        unknown: How many of these the tokenizer did not know.
        n_tokens: The length of each text; -1 where it is too long to be counted.
        truncated: How many were cut.
        windows: In how many pieces all of them were read.
        reasons: Texts without a vector by reason; those of the space with most of them.
        row_bytes: Of a row on disk, compressed: of the documents, then of each space.
    """

    texts: int
    seconds: float
    tokens: int
    unknown: int
    n_tokens: np.ndarray
    truncated: int
    windows: int
    reasons: Counter[str]
    row_bytes: tuple[float, ...]


class Trials:
    """Embeds samples for a job."""

    def __init__(self, job: EmbedJob, scratch: LocalStore) -> None:
        """Take a store that may be written to."""
        self._job, self._scratch = job, scratch

    def run(self, sample: Sample, seconds: float) -> list[Trial]:
        """A trial of each share, of as many of its texts as about so many seconds allow.

        More and more are tried until the time is over: the first few tell little of a speed.

        Raises:
            ValueError: a text does not fit into the memory of the device.
        """
        shares = [share.rows for share in sample.shares if len(share.rows.first)]
        if not shares:
            return []
        count, most = _FIRST_TEXTS, max(len(rows.first) for rows in shares)
        self._try(thin(shares[0], count))  # loads the encoder
        while True:
            trials = [self._try(thin(rows, count)) for rows in shares]
            took = sum(trial.seconds for trial in trials)
            seconds -= took
            growth = min(int(seconds / took), _GROWTH)
            if count >= most or growth <= 1:
                return trials
            count *= growth

    def _try(self, rows: ChunkRows) -> Trial:
        owed = Owed(documents=True, spaces=self._job.spaces)
        started = time.perf_counter()
        receipt = embed_rows(self._scratch, self._job, rows, owed, Reuse(self._scratch, [], {}))
        seconds = time.perf_counter() - started
        if receipt.failure:
            raise ValueError(f"a text of the sample cannot be embedded: {receipt.failure}")
        names = (self._job.documents, *(space.dataset for space in self._job.spaces))
        records = [read_record(self._scratch, name, rows.chunk.name) for name in names]
        found = [self._columns(record) for record in records[1:]]
        fullest = max(found, key=lambda columns: len(columns["n_tokens"]))
        return Trial(
            texts=len(rows.first),
            seconds=seconds,
            tokens=receipt.content_tokens,
            unknown=receipt.unknown_tokens,
            n_tokens=fullest["n_tokens"],
            truncated=int(fullest["truncated"].sum()),
            windows=int(fullest["n_windows"].sum()),
            reasons=max((self._reasons(record) for record in records), key=Counter.total),
            row_bytes=tuple(self._row_bytes(record) for record in records),
        )

    def _columns(self, record: Record) -> dict[str, np.ndarray]:
        names = ["n_tokens", "truncated", "n_windows"]
        if record.part is None:
            return {name: np.empty(0, np.int64) for name in names}
        table = pq.read_table(self._scratch.location(record.part.key), columns=names)
        return {
            "n_tokens": table["n_tokens"].fill_null(-1).to_numpy(),
            "truncated": table["truncated"].to_numpy(),
            "n_windows": table["n_windows"].to_numpy(),
        }

    def _reasons(self, record: Record) -> Counter[str]:
        if record.rejects is None:
            return Counter()
        table = pq.read_table(self._scratch.location(record.rejects.key), columns=["reason"])
        return Counter(table["reason"].to_pylist())

    def _row_bytes(self, record: Record) -> float:
        """Without the footer, which a large part has once."""
        if record.part is None:
            return 0.0
        metadata = pq.read_metadata(self._scratch.location(record.part.key))
        groups = [metadata.row_group(n) for n in range(metadata.num_row_groups)]
        sizes = [
            group.column(n).total_compressed_size
            for group in groups
            for n in range(group.num_columns)
        ]
        return float(sum(sizes) / metadata.num_rows)


@contextmanager
def open_trials(job: EmbedJob) -> Iterator[Trials]:
    """Trials in a folder of their own, which is gone afterwards."""
    with TemporaryDirectory(prefix="poolhouse-") as folder:
        yield Trials(job, LocalStore(Path(folder)))
