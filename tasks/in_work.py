"""Documents that are ready and not committed yet, in all processes of a run.

People who wait look at it; nothing else depends on it. Knows counts, not what is done.
"""

from collections.abc import Iterator, MutableSequence
from contextlib import contextmanager
from threading import Lock


class InWork:
    """The count of this process, among those of all processes of its run."""

    def __init__(self) -> None:
        self._counts: MutableSequence[float] = [0.0]
        self._place = 0
        self._turn = Lock()  # on a GPU two threads have a chunk each, on a CPU several a batch
        self._rows: dict[str, int] = {}  # of groups that are done, by chunk

    def count_into(self, counts: MutableSequence[float], place: int) -> None:
        """From now on count at this place of a list, which processes may share."""
        self._counts, self._place = counts, place
        self.forget()

    @contextmanager
    def seen_in(self, counts: MutableSequence[float]) -> Iterator[None]:
        """In the process that looks: while the block lasts, others count here."""
        self.count_into(counts, 0)
        try:
            yield
        finally:
            self.count_into([0.0], 0)

    def forget(self) -> None:
        """Nothing is in work here."""
        with self._turn:
            self._rows.clear()
            self._count(0.0)

    def note_texts(self, texts: float) -> None:
        """So many texts of the group in work are through the model."""
        with self._turn:
            self._count(texts)

    def note_group(self, chunk: str, rows: int) -> None:
        """A group of so many rows of the chunk is done."""
        with self._turn:
            self._rows[chunk] = self._rows.get(chunk, 0) + rows
            self._count(0.0)

    def note_end(self, chunk: str) -> None:
        """The chunk is committed, or was given up."""
        with self._turn:
            self._rows.pop(chunk, None)
            self._count(0.0)

    def documents(self) -> int:
        """How many there are in all processes."""
        return int(sum(self._counts))

    def _count(self, texts: float) -> None:
        self._counts[self._place] = sum(self._rows.values()) + texts


IN_WORK = InWork()
