"""Labels that people gave, in `reviews/<n>.parquet`: created once, never changed.

Knows their columns. A review is of a text: by its hash it counts wherever the text stands.
"""

import re

import pyarrow as pa
import pyarrow.parquet as pq

from data.records.small_tables import as_schema, write_table
from data.schemas import REVIEWS
from data.stores.file_errors import is_damage
from data.stores.store import Store, StoreError, read_bytes

_WAITING = ".kept"


class DamagedReviews(StoreError):
    """A file of reviews that cannot be read, whoever reads it."""


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
    number = max(_numbers(store, ".parquet", _WAITING), default=0) + 1
    while not store.create(f"reviews/{number}.parquet", content):
        number += 1
    return number


def read_reviews(store: Store) -> pa.Table:
    """All reviews, oldest first, with the number of their file as `number`.

    Raises:
        DamagedReviews: a file cannot be read.
    """
    tables = [read_review_file(store, number) for number in review_numbers(store)]
    return pa.concat_tables([_numbered(REVIEWS.empty_table(), 0), *tables])


def keep_reviews(store: Store, number: int, kept: pa.Table) -> None:
    """Put these in place of the reviews of a file; none: remove the file.

    They wait in a file of their own meanwhile, from which `finish_keeping` goes on after a kill.
    """
    if len(kept):
        store.create(
            f"reviews/{number}{_WAITING}", write_table(as_schema(kept, REVIEWS, "reviews"))
        )
    store.delete(f"reviews/{number}.parquet")
    finish_keeping(store)


def finish_keeping(store: Store) -> None:
    """Give reviews that wait for it the place of their file, unless that is still there."""
    for name in store.list("reviews"):
        if name.endswith(_WAITING):
            key = f"reviews/{name.removesuffix(_WAITING)}.parquet"
            store.create(key, read_bytes(store, f"reviews/{name}"))
            store.delete(f"reviews/{name}")


def read_review_file(store: Store, number: int) -> pa.Table:
    """The reviews of one file, with its number.

    Raises:
        DamagedReviews: it is.
    """
    key = f"reviews/{number}.parquet"
    try:
        with store.read(key) as file:
            table = pq.read_table(file, page_checksum_verification=True)
        return _numbered(as_schema(table, REVIEWS, key), number)
    except (OSError, ValueError, pa.ArrowException) as error:
        if not is_damage(error):
            raise
        raise DamagedReviews(
            f"{key} cannot be read ({error}). Remove it, and import its reviews again."
        ) from error


def _numbered(table: pa.Table, number: int) -> pa.Table:
    return table.add_column(0, "number", pa.repeat(pa.scalar(number, pa.int64()), len(table)))


def review_numbers(store: Store) -> list[int]:
    """The numbers of the files, ascending."""
    return _numbers(store, ".parquet")


def _numbers(store: Store, *suffixes: str) -> list[int]:
    pattern = re.compile(rf"([1-9][0-9]*)({'|'.join(map(re.escape, suffixes))})")
    found = (pattern.fullmatch(name) for name in store.list("reviews"))
    return sorted(int(match[1]) for match in found if match)
