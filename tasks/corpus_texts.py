"""The rows of a whole corpus for what is fitted on them, read as embed-corpus reads them.

Knows plans and what a run tolerates. Knows no tokens, no model and no store.
"""

import hashlib
import logging
from collections.abc import Iterator, Sequence

from pydantic import JsonValue

from data import ChunkFailure, ChunkRows, CorpusSpec, make_plan, read_chunks
from tasks.run_spec import FitSpec

logger = logging.getLogger(__name__)


class CorpusReading:
    """All chunks of a corpus in order, one in memory at a time.

    What is fitted on a part of it by mistake would be wrong in silence, so everything has to be
    readable unless the run tolerates.

    Attributes:
        unread: What could not be read and was tolerated, each with its reason.
        rows: Rows read so far.
        rejected: How many of them have no text.
    """

    def __init__(self, corpus: CorpusSpec, run: FitSpec) -> None:
        """List the corpus.

        Raises:
            ValueError: there is nothing to read, or a file cannot be read.
        """
        self._plan = make_plan(corpus, chunk_rows=run.chunk_rows, chunk_bytes=run.chunk_bytes)
        self._run = run
        self.rows = self.rejected = 0
        self.unread = [f"{file.path}: {file.reason}" for file in self._plan.unreadable]
        if self.unread and not run.tolerate_unreadable:
            raise self._not_whole(self.unread)

    def __iter__(self) -> Iterator[ChunkRows]:
        """Read chunk after chunk.

        Raises:
            ValueError: one cannot be read, or was changed; or too many rows are rejected.
        """
        for found in read_chunks(self._plan, self._plan.chunks):
            if isinstance(found, ChunkFailure):
                if not (found.is_unreadable and self._run.tolerate_unreadable):
                    raise self._not_whole([found.reason])
                self.unread.append(found.reason)
                continue
            self.rows += found.chunk.rows
            self.rejected += found.rejects.num_rows
            yield found
            logger.info("%s: %d of %d rows", found.chunk.place, self.rows, self._plan.rows)
        self._refuse_rejects()

    def _refuse_rejects(self) -> None:
        limit = self._run.max_reject_share
        if self.rejected > limit * self.rows or self.rejected == self.rows:
            raise ValueError(
                f"corpus {self._plan.corpus.name!r}: {self.rejected} of {self.rows} rows have no "
                f"text; run.max_reject_share ({limit:.0%}) allows fewer. Is corpus.text_columns "
                "right?"
            )

    def _not_whole(self, reasons: list[str]) -> ValueError:
        said = "".join(f"\n  {reason}" for reason in reasons[:5])
        return ValueError(
            f"corpus {self._plan.corpus.name!r} cannot be read whole, so nothing is fitted on it:"
            f"{said}\nMend or remove that, or set run.tolerate_unreadable to fit on the rest."
        )


def about_sample(texts: Sequence[str]) -> dict[str, JsonValue]:
    """What tells this sample from any other; the texts' order is that of their hashes."""
    digest = hashlib.blake2b(digest_size=16)
    for text in texts:
        digest.update(hashlib.blake2b(text.encode()).digest())
    return {
        "rule": "the distinct texts with the smallest hashes",
        "texts": len(texts),
        "digest": digest.hexdigest(),
    }
