"""Labels from people: the rows that they are given, and what is made of the rows that come back.

Knows the columns of the files, and labels as a person types them. Knows no file format.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa

from data import REVIEWS, OpenStore, StoredLabeler, known_texts, load_labeler, read_reviews

NONE_OF_THESE = "(none)"
SEPARATOR = ";"
# A spreadsheet runs what begins so as a formula, unless a mark is before it.
FORMULA, FORMULA_MARK = r"'*[=+\-@\t\r]", "'"
# What a person fills in is first, what is needed to find the document again is last.
COLUMNS = (
    *("label", "predicted", "score", "reason", "detail", "text", "reviewer"),
    *("corpus", "doc_id", "labeler", "version", "chunk", "row", "text_hash"),
)
_NEEDED = ("label", "reason", "doc_id", "labeler", "version", "chunk", "row", "text_hash")
_REASONS = ("review", "audit")


@dataclass(frozen=True, slots=True)
class Reviewed:
    """What came back.

    Attributes:
        table: The reviews, in the columns of `REVIEWS`.
        left_out: How many rows are not among them, by reason.
        new_labels: Labels that the labelers do not know; their rows are kept.
    """

    table: pa.Table
    left_out: Counter[str]
    new_labels: tuple[str, ...]


def to_fill_in(rows: pa.Table) -> pa.Table:
    """Rows of the view review as a person gets them: one line each, all in plain text.

    What was decided is not shown in rows of the audit: it would lead whoever is to check it.
    """
    count = rows.num_rows
    decided = zip(
        *(rows[name].to_pylist() for name in ("reason", "predicted", "predicted_labels")),
        strict=True,
    )
    predicted = [
        None if reason == "audit" else one or join_labels(several)
        for reason, one, several in decided
    ]
    added = {
        "label": pa.nulls(count, pa.string()),
        "predicted": pa.array(predicted, pa.string()),
        "reviewer": pa.nulls(count, pa.string()),
    }
    columns = {name: rows[name] for name in rows.column_names} | added
    return pa.table({name: columns[name] for name in COLUMNS})


def read_filled_in(store: OpenStore, catalog: Path, table: pa.Table) -> Reviewed:
    """The reviews among the rows of a file; every row that is none of them is counted.

    Raises:
        ValueError: the file lacks columns that were exported.
    """
    missing = [name for name in _NEEDED if name not in table.column_names]
    if missing:
        raise ValueError(
            f"no column {missing}; found {table.column_names}. Fill in the file that "
            "flows.export_review wrote, with its columns as they are."
        )
    reading = _Reading(store, catalog, table)
    reviews = [review for row in table.to_pylist() if (review := reading.read(row)) is not None]
    return Reviewed(
        table=pa.Table.from_pylist(reviews, REVIEWS),
        left_out=reading.left_out,
        new_labels=tuple(sorted(reading.new_labels)),
    )


class _Reading:
    """Turns rows into reviews, and counts those that are none."""

    def __init__(self, store: OpenStore, catalog: Path, table: pa.Table) -> None:
        self._store = store
        hashes = table["text_hash"].cast(pa.string())
        self._texts = known_texts(catalog, hashes)
        before = read_reviews(store)
        columns = (before[name].to_pylist() for name in ("labeler", "text_hash", "labels"))
        self._known = {
            (who, text.hex().upper()): set(said) for who, text, said in zip(*columns, strict=True)
        }
        self._labelers: dict[str, StoredLabeler | None] = {}
        self._now = datetime.now(UTC)
        self.left_out: Counter[str] = Counter()
        self.new_labels: set[str] = set()

    def read(self, row: Mapping[str, Any]) -> dict[str, object] | None:
        """The review of a row; None if it is none, which is counted."""
        labeler = self._labeler(row["version"])
        labels = split_labels(str(row["label"] or ""), labeler) if labeler else ()
        if problem := self._problem(row, labeler, labels):
            self.left_out[problem] += 1
            return None
        assert labeler is not None
        self.new_labels |= set(labels) - set(labeler.label_schema.labels)
        is_single = labeler.label_schema.task == "single_label"
        return {
            **{name: row[name] for name in ("chunk", "labeler", "version", "reason")},
            "doc_id": _plain_id(row["doc_id"]),
            "row": int(row["row"]),
            "text_hash": bytes.fromhex(row["text_hash"]),
            "label": labels[0] if is_single else None,
            "labels": list(labels),
            "reviewer": row.get("reviewer") or None,
            "reviewed_at": self._now,
        }

    def _problem(
        self, row: Mapping[str, Any], labeler: StoredLabeler | None, labels: Sequence[str]
    ) -> str | None:
        if row["label"] is None or not str(row["label"]).strip():
            return "without a label"
        if labeler is None or labeler.title != row["labeler"] or row["reason"] not in _REASONS:
            return "of a labeler or reason that was not exported"
        if NONE_OF_THESE in labels and NONE_OF_THESE not in labeler.label_schema.labels:
            return f"with {NONE_OF_THESE}, where each document has one of the labels"
        if row["text_hash"] not in self._texts:
            return "of texts that are not in the store any more, or were changed in the file"
        is_known = self._known.get((labeler.title, row["text_hash"])) == set(labels)
        return "known already" if is_known else None

    def _labeler(self, name: str) -> StoredLabeler | None:
        if name not in self._labelers:
            is_there = name in self._store.list("models")
            self._labelers[name] = load_labeler(self._store, name) if is_there else None
        return self._labelers[name]


def _plain_id(shown: str | None) -> str | None:
    """The id without the mark that keeps a spreadsheet from running it."""
    is_marked = shown and re.match(FORMULA_MARK + FORMULA, shown)
    return shown.removeprefix(FORMULA_MARK) if shown and is_marked else shown


def join_labels(labels: Sequence[str]) -> str:
    """Labels as a person reads and types them."""
    return f"{SEPARATOR} ".join(labels) if labels else NONE_OF_THESE


def split_labels(said: str, labeler: StoredLabeler) -> tuple[str, ...]:
    """The labels that were typed: one for a single-label task, else any number of them."""
    schema = labeler.label_schema
    whole = _without_mark(said.strip(), schema.labels)
    if schema.task == "single_label" or whole in schema.labels:
        return (whole,)
    if whole == NONE_OF_THESE:
        return ()
    parts = (part.strip() for part in whole.split(SEPARATOR))
    return tuple(dict.fromkeys(_without_mark(part, schema.labels) for part in parts if part))


def _without_mark(said: str, labels: Sequence[str]) -> str:
    """The label that a spreadsheet was kept from running as a formula, if it is one of these."""
    plain = said.removeprefix(FORMULA_MARK)
    return plain if plain in labels and said not in labels else said
