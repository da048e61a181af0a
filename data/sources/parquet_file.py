"""A source file opened by pyarrow: its row groups, and in which way it is broken, put into words.

Knows what pyarrow says of damaged, truncated and encrypted files. Knows no corpus.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext

import fsspec
import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import BaseModel, ConfigDict

from data.sources.corpus import is_local
from data.stores.file_errors import is_of_the_file, server_errors

_SAMPLE_ROWS, _SAMPLE_STEP, _SAMPLE_BYTES = 64, 8, 8_000_000


class RowGroup(BaseModel):
    """Rows of a row group, and about how many bytes those of its columns take that are read."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    rows: int
    read_bytes: int


class UnreadableSource(Exception):
    """A source file cannot be read; the message says which and why."""


@contextmanager
def open_parquet(filesystem: fsspec.AbstractFileSystem, full: str) -> Iterator[pq.ParquetFile]:
    """The file, with page checksums on and without reading ahead, so that memory stays bounded.

    Raises:
        UnreadableSource: also for what goes wrong inside the block.
        OSError: the disk or the network failed; the file may be whole.
    """
    with name_damage(full):
        opened = nullcontext(full) if is_local(filesystem) else filesystem.open(full, "rb")
        with (
            opened as source,
            pq.ParquetFile(source, pre_buffer=False, page_checksum_verification=True) as file,
        ):
            yield file


def measure_row_groups(file: pq.ParquetFile, columns: Sequence[str]) -> tuple[RowGroup, ...]:
    """The row groups with the sizes of these columns, as stored but for compression.

    A value that a dictionary holds is stored once, however many rows repeat it. So where there is a
    dictionary, the first rows of the file are taken for an example, should they say more.
    """
    # An encrypted column shows itself when it is read. Asking pyarrow for the sizes of one ends the
    # process, so rows are read first, and no other columns are asked for theirs.
    row_bytes = _bytes_a_row(file, columns)
    paths = [file.schema.column(n).path for n in range(len(file.schema))]
    leaves = [n for n, path in enumerate(paths) if _is_in(path, columns)]
    groups = (file.metadata.row_group(n) for n in range(file.num_row_groups))
    return tuple(
        RowGroup(rows=group.num_rows, read_bytes=_read_bytes(group, leaves, row_bytes))
        for group in groups
    )


def _read_bytes(group: pq.RowGroupMetaData, leaves: Sequence[int], row_bytes: float) -> int:
    columns = [group.column(n) for n in leaves] if group.num_rows else []
    stored = sum(int(column.total_uncompressed_size) for column in columns)
    repeats = any(column.has_dictionary_page for column in columns)
    return max(stored, int(row_bytes * group.num_rows)) if repeats else stored


def _bytes_a_row(file: pq.ParquetFile, columns: Sequence[str]) -> float:
    filled = (n for n in range(file.num_row_groups) if file.metadata.row_group(n).num_rows)
    first = next(filled, None)
    if first is None:
        return 0.0
    rows = size = 0
    for batch in file.iter_batches(_SAMPLE_STEP, row_groups=[first], columns=list(columns)):
        rows, size = rows + batch.num_rows, size + sum(map(_decoded_bytes, batch.columns))
        if rows >= _SAMPLE_ROWS or size >= _SAMPLE_BYTES:
            break
    return size / rows


def _decoded_bytes(array: pa.Array) -> int:
    array = array.dictionary_decode() if pa.types.is_dictionary(array.type) else array
    return int(array.nbytes)


def _is_in(path: str, columns: Sequence[str]) -> bool:
    return any(path == name or path.startswith(f"{name}.") for name in columns)


@contextmanager
def name_damage(full: str) -> Iterator[None]:
    """Turn what says that the file itself is bad into UnreadableSource; let all else pass.

    A file that is called unreadable leaves the corpus, so a timeout must not look like one.
    """
    try:
        with server_errors(full):
            yield
    except (OSError, pa.ArrowException, StopIteration) as error:
        if not is_of_the_file(error):
            raise
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
