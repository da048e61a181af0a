"""Laws of planning and reading: no row is lost, doubled or read from another place."""

import tempfile
from collections.abc import Sequence
from pathlib import Path

import fsspec
import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from data import make_plan
from data.sources.chunks import cut_spans
from data.sources.parquet_file import RowGroup
from data.sources.source_file import FileIdentity, SourceFile
from data.sources.spans import RowRange, read_ranges
from tests.commits import read_all
from tests.stores import corpus_of

QUICK = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
NOBODY = FileIdentity(size_bytes=0, modified="", footer="")

row_groups = st.lists(st.integers(0, 30), min_size=1, max_size=8)
text = st.one_of(st.none(), st.sampled_from(["", " ", "\u3000", "x", "y"]), st.text(max_size=8))


def write_groups(path: Path, texts: Sequence[str | None], sizes: Sequence[int]) -> None:
    """One row group of each size, those without a row too."""
    column = pa.array(texts, pa.string())
    with pq.ParquetWriter(path, pa.schema([("text", pa.string())])) as writer:
        start = 0
        for size in sizes:
            writer.write_table(pa.table({"text": column.slice(start, size)}))
            start += size


@given(
    groups=st.lists(st.tuples(st.integers(0, 50), st.integers(0, 10_000)), min_size=1, max_size=9),
    chunk_rows=st.integers(1, 40),
    chunk_bytes=st.integers(1, 5_000),
)
@QUICK
def test_spans_cover_every_row_once_and_keep_to_the_rows_of_a_chunk(
    groups: list[tuple[int, int]], chunk_rows: int, chunk_bytes: int
) -> None:
    file = SourceFile(
        path="a",
        identity=NOBODY,
        row_groups=tuple(RowGroup(rows=rows, read_bytes=size) for rows, size in groups),
    )
    spans = list(cut_spans(file, chunk_rows=chunk_rows, chunk_bytes=chunk_bytes))
    covered = [row for span in spans for row in range(span.start, span.start + span.rows)]
    assert covered == list(range(file.rows))
    assert all(1 <= span.rows <= chunk_rows for span in spans)


@given(sizes=row_groups, data=st.data())
@QUICK
def test_any_ranges_over_any_row_groups_are_slices_of_the_table(
    sizes: list[int], data: st.DataObject
) -> None:
    rows = sum(sizes)
    marks = data.draw(st.sets(st.integers(0, rows), max_size=8))
    ranges = [
        RowRange(start, end - start)
        for start, end in zip(sorted(marks)[::2], sorted(marks)[1::2], strict=False)
    ]
    if not ranges:
        return
    table = pa.table({"text": [f"row {n}" for n in range(rows)]})
    source = SourceFile(
        path="a",
        identity=NOBODY,
        row_groups=tuple(RowGroup(rows=size, read_bytes=1 << 22) for size in sizes),
    )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.parquet"
        write_groups(path, table["text"].to_pylist(), sizes)
        found = list(read_ranges(fsspec.filesystem("file"), str(path), source, ranges, ["text"]))
    assert [part["text"].to_pylist() for part in found] == [
        table["text"].slice(start, count).to_pylist() for start, count in ranges
    ]


@given(
    texts=st.lists(st.tuples(text, text), min_size=1, max_size=40),
    size=st.integers(1, 15),
    chunk_rows=st.integers(1, 15),
    columns=st.sampled_from([("a",), ("a", "b")]),
)
@QUICK
def test_every_planned_row_is_a_document_or_a_reject(
    texts: list[tuple[str | None, str | None]], size: int, chunk_rows: int, columns: tuple[str, ...]
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        both = [pa.array(values, pa.string()) for values in zip(*texts, strict=True)]
        pq.write_table(pa.table(both, names=["a", "b"]), f"{folder}/a.parquet", row_group_size=size)
        plan = make_plan(
            corpus_of(folder, text_columns=columns), chunk_rows=chunk_rows, chunk_bytes=1 << 20
        )
        read = read_all(plan)
    found = [row for rows in read for row in rows.documents["row"].to_pylist()]
    refused = [row for rows in read for row in rows.rejects["row"].to_pylist()]
    assert sorted(found + refused) == list(range(len(texts)))
    expected = [
        "\n".join(part for part in (a, b)[: len(columns)] if part is not None) for a, b in texts
    ]
    given_texts = [each for rows in read for each in rows.texts.to_pylist()]
    assert given_texts == [expected[row] for row in found]
