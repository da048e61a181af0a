"""Labels that people gave, in `reviews/<n>.parquet`: created once, never changed.

Knows their columns. A review is of a text: by its hash it counts wherever the text stands.
"""

import re

import pyarrow as pa
import pyarrow.parquet as pq

from data.schemas import REVIEWS
from data.small_tables import as_schema, write_table
from data.store import Store, StoreError


def save_reviews(store: Store, reviews: pa.Table) -> int:
    """Keep what people said, in the columns of `REVIEWS`; returns the number of its file.

    Raises:
        ValueError: there is no row, or columns are missing or of another type, or `reason` is
            neither "review" nor "audit".
    """
    table = as_schema(reviews, REVIEWS, "reviews")
    reasons = set(table["reason"].to_pylist())
    if not reasons or not reasons <= {"review", "audit"}:
        raise ValueError(
            f"reviews: {table.num_rows} rows of the reasons {sorted(reasons)}. Give one or more, "
            "of the reasons 'review' and 'audit'."
        )
    content = write_table(table)
    number = max(_numbers(store), default=0) + 1
    while not store.create(f"reviews/{number}.parquet", content):
        number += 1
    return number


def read_reviews(store: Store) -> pa.Table:
    """All reviews, oldest first, with the number of their file as `number`.

    Raises:
        StoreError: a file cannot be read.
    """
    tables = [_read(store, number) for number in sorted(_numbers(store))]
    return pa.concat_tables([_numbered(REVIEWS.empty_table(), 0), *tables])


def _read(store: Store, number: int) -> pa.Table:
    key = f"reviews/{number}.parquet"
    try:
        with store.read(key) as file:
            table = pq.read_table(file, page_checksum_verification=True)
        return _numbered(as_schema(table, REVIEWS, key), number)
    except (OSError, ValueError, pa.ArrowException) as error:
        raise StoreError(
            f"{key} cannot be read ({error}). Remove it, and import its reviews again."
        ) from error


def _numbered(table: pa.Table, number: int) -> pa.Table:
    return table.add_column(0, "number", pa.repeat(pa.scalar(number, pa.int64()), len(table)))


def _numbers(store: Store) -> list[int]:
    names = store.list("reviews")
    return [
        int(name.removesuffix(".parquet"))
        for name in names
        if re.fullmatch(r"[1-9][0-9]*\.parquet", name)
    ]
