"""A process that makes no progress for too long ends itself and says where it was.

Knows Python's faulthandler, which needs no lock and no working interpreter. Does not know what is
done: whoever does it tells of progress. What is not committed by then stays owed.
"""

import faulthandler
from collections.abc import Iterable, Iterator
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import IO, TypeVar

# A batch takes seconds, of a large model on a slow core minutes; nothing that works takes so long.
HANGS_AFTER_S = 30 * 60.0

Piece = TypeVar("Piece")

_watched: list[IO[str]] = []  # faulthandler writes into a file that somebody must keep open


def watch_this_process(words: Path) -> None:
    """From now on its last words, also those of a crash in native code, are left in the folder."""
    file = NamedTemporaryFile("w", dir=words, delete=False)  # noqa: SIM115 - open for life
    _watched.append(file)
    faulthandler.enable(file)


def note_progress() -> None:
    """Begin to wait anew; nothing in a process that is not watched."""
    if _watched:
        faulthandler.dump_traceback_later(HANGS_AFTER_S, exit=True, file=_watched[-1])


def ends_if_it_hangs(work: Iterable[Piece]) -> Iterator[Piece]:
    """The pieces of a work, each of which is progress; nobody waits after the last."""
    note_progress()
    try:
        for piece in work:
            note_progress()
            yield piece
    finally:
        if _watched:
            faulthandler.cancel_dump_traceback_later()


def last_words(folder: Path) -> Iterator[str]:
    """What processes said that ended themselves; each once."""
    for path in sorted(folder.iterdir()):
        if words := path.read_text():
            path.unlink()
            yield words
