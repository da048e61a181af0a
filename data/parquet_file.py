"""A source file opened by pyarrow, with every way in which it can be broken put into words.

Knows what pyarrow says of damaged, truncated and encrypted files, and what is no fault of the file.
Knows no corpus.
"""

import errno
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

import fsspec
import pyarrow as pa
import pyarrow.parquet as pq

from data.corpus import is_local

# A numbered OSError is the disk's or the network's, which a second try may find well again: the
# file is at fault only where the number says so. pyarrow's own words for damage have no number.
_OF_THE_FILE = frozenset(
    {errno.EINVAL, errno.EISDIR, errno.ELOOP, errno.ENAMETOOLONG, errno.ENOTDIR}
)


class UnreadableSource(Exception):
    """A source file cannot be read; the message says which and why."""


@contextmanager
def open_parquet(filesystem: fsspec.AbstractFileSystem, full: str) -> Iterator[pq.ParquetFile]:
    """The file, with page checksums on and without reading ahead, so that memory stays bounded.

    Raises:
        UnreadableSource: also for what goes wrong inside the block.
        OSError: the disk or the network failed; the file may be whole.
    """
    with name_damage():
        opened = nullcontext(full) if is_local(filesystem) else filesystem.open(full, "rb")
        with (
            opened as source,
            pq.ParquetFile(source, pre_buffer=False, page_checksum_verification=True) as file,
        ):
            yield file


@contextmanager
def name_damage() -> Iterator[None]:
    """Turn what says that the file itself is bad into UnreadableSource; let all else pass.

    A file that is called unreadable leaves the corpus, so a timeout must not look like one.
    """
    try:
        yield
    except (OSError, pa.ArrowException, StopIteration) as error:
        if not _is_of_the_file(error):
            raise
        raise UnreadableSource(_why_unreadable(error)) from error


def _is_of_the_file(error: Exception) -> bool:
    if isinstance(error, FileNotFoundError | PermissionError):
        return True
    if isinstance(error, TimeoutError | ConnectionError | MemoryError):
        return False
    return not isinstance(error, OSError) or error.errno in _OF_THE_FILE or error.errno is None


def _why_unreadable(error: Exception) -> str:
    if isinstance(error, FileNotFoundError):
        return "it is gone"
    if isinstance(error, PermissionError):
        return "you may not read it"
    if isinstance(error, StopIteration):
        return "it has fewer rows than its footer says"
    found = str(error).splitlines()[0] if str(error) else type(error).__name__
    lower = found.lower()
    if "file size is" in lower or "magic bytes" in lower:
        return f"it is not Parquet, or was cut off ({found})"
    if "decrypt" in lower or "crypt" in lower:
        return f"it is encrypted ({found})"
    return f"it is damaged ({found})"
