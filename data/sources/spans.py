"""Ranges of rows of a Parquet file, in one pass and bounded memory. Knows row groups."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import fsspec
import pyarrow as pa

from data.sources.parquet_file import RowGroup, open_parquet
from data.sources.source_file import SourceFile

_MAX_BATCH_ROWS = 2048
_MAX_BATCH_BYTES = 8_000_000


class RowRange(NamedTuple):
    """Consecutive rows of a file."""

    start: int
    rows: int


def read_ranges(
    filesystem: fsspec.AbstractFileSystem,
    full: str,
    source: SourceFile,
    ranges: Sequence[RowRange],
    columns: list[str],
) -> Iterator[pa.Table]:
    """One table per range, in one pass over the file.

    Ranges ascend and do not overlap. Memory holds one range and one batch, even when the whole file
    is one row group. A batch has no more rows than the longest range, whatever the footer says of
    sizes; the rows of one range are not bounded in bytes.

    Raises:
        UnreadableSource: the file is damaged at this place, or ends too early.
    """
    numbers, position = _row_groups_of(source, ranges)
    longest = max(each.rows for each in ranges)
    batch_rows = min(longest, _batch_rows([source.row_groups[number] for number in numbers]))
    with open_parquet(filesystem, full) as file:
        batches = file.iter_batches(batch_rows, row_groups=numbers, columns=columns)
        batch = next(batches)
        for start, rows in ranges:
            parts: list[pa.RecordBatch] = []
            while position < start + rows:
                batch = batch if batch.num_rows else next(batches)
                skip = min(max(start - position, 0), batch.num_rows)
                take = min(start + rows - position - skip, batch.num_rows - skip)
                if take > 0:
                    parts.append(batch.slice(skip, take))
                used = skip + max(take, 0)
                position, batch = position + used, batch.slice(used)
            yield pa.Table.from_batches(parts)


def _row_groups_of(source: SourceFile, ranges: Sequence[RowRange]) -> tuple[list[int], int]:
    """The row groups that hold the ranges, and the row at which the first of them starts."""
    first, last = ranges[0].start, ranges[-1].start + ranges[-1].rows
    numbers, starts, row = [], [], 0
    for number, group in enumerate(source.row_groups):
        if row < last and row + group.rows > first:
            numbers.append(number)
            starts.append(row)
        row += group.rows
    return numbers, starts[0]


def _batch_rows(groups: list[RowGroup]) -> int:
    largest = max(group.read_bytes / max(group.rows, 1) for group in groups)
    return max(1, min(_MAX_BATCH_ROWS, int(_MAX_BATCH_BYTES / max(largest, 1))))
