"""Labelled rows as data sets have them: each text once, and split. Knows no source."""

import hashlib
import re
from collections.abc import Sequence

from sklearn.model_selection import train_test_split

Row = dict[str, object]
TEST_SHARE = 0.2


def side_of(group: str) -> str:
    """The side of a group of rows that must stay together, by the hash of its name."""
    return "test" if hash_of(group) % 100 < 100 * TEST_SHARE else "train"


def split_rows(rows: Sequence[Row]) -> list[Row]:
    """A fifth of each label is tested on."""
    labels = [row["label"] for row in rows]
    places = list(range(len(rows)))
    _, test = train_test_split(places, test_size=TEST_SHARE, random_state=42, stratify=labels)
    tested = set(test)
    return [
        {**row, "split": "test" if place in tested else "train"} for place, row in enumerate(rows)
    ]


def without_copies(rows: Sequence[Row]) -> list[Row]:
    """The first row of each text, case and spaces apart; none of a text that has two labels."""
    labels: dict[str, set[object]] = {}
    for row in rows:
        labels.setdefault(plain(str(row["text"])), set()).add(row["label"])
    first: dict[str, Row] = {}
    for row in rows:
        first.setdefault(plain(str(row["text"])), row)
    return [row for text, row in first.items() if len(labels[text]) == 1]


def plain(text: str) -> str:
    """The text without what copies of it may differ in."""
    return re.sub(r"\s+", " ", text).strip().lower()


def hash_of(text: str) -> int:
    """A number that depends on the text alone."""
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest())
