"""A source file opened by pyarrow, with every way in which it can be broken put into words.

Knows what pyarrow says of damaged, truncated and encrypted files. Knows no corpus.
"""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

import fsspec
import pyarrow as pa
import pyarrow.parquet as pq

from data.corpus import is_local


class UnreadableSource(Exception):
    """A source file cannot be read; the message says which and why."""


@contextmanager
def open_parquet(filesystem: fsspec.AbstractFileSystem, full: str) -> Iterator[pq.ParquetFile]:
    """The file, with page checksums on and without reading ahead, so that memory stays bounded.

    Raises:
        UnreadableSource: also for what goes wrong inside the block.
    """
    try:
        opened = nullcontext(full) if is_local(filesystem) else filesystem.open(full, "rb")
        with (
            opened as source,
            pq.ParquetFile(source, pre_buffer=False, page_checksum_verification=True) as file,
        ):
            yield file
    except (OSError, pa.ArrowException, StopIteration) as error:
        raise UnreadableSource(_why_unreadable(error)) from error


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
