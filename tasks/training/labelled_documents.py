"""The documents of a corpus that have labels: read from its files, in the order of its plan.

Knows rows, and the columns that hold labels and splits. Does not know how they are split.
"""

from collections.abc import Iterable, Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from data import ChunkRows, hash_numbers
from tasks.corpus_texts import CorpusReading
from tasks.training.request import TrainRequest

KEY = ("chunk", "row", "doc_id", "text_hash")


class LabelledReading:
    """All rows of a corpus that have a label, or all rows if those without are to be refused.

    Attributes:
        table: The key of each row, its text, its label (null where there is none) and, where a
            split column is named, its split.
        unlabelled: How many rows were passed over, since they have no label.
        left_out: How many rows with a label are beyond `max_rows`.
    """

    def __init__(self, request: TrainRequest, reviews: pa.Table) -> None:
        """Read; `reviews` has a text_hash and a label for each text that a person labelled.

        Raises:
            ValueError: the corpus cannot be read whole, or the column holds other types in each
                file.
        """
        self._request, self._reviews = request, reviews
        self.unlabelled = self.left_out = 0
        max_rows = request.training.max_rows
        self.table = self._concat(self._tables(), max_rows)

    def _tables(self) -> Iterator[pa.Table]:
        for rows in CorpusReading(self._request.corpus, self._request.run):
            table = _with_reviews(self._columns(rows), self._reviews)
            if self._request.training.split.on_missing == "drop":
                is_labelled = pc.is_valid(table["label"])
                self.unlabelled += table.num_rows - int(pc.sum(is_labelled).as_py() or 0)
                table = table.filter(is_labelled)
            yield table

    def _columns(self, rows: ChunkRows) -> pa.Table:
        documents, split = rows.documents, self._request.training.split_column
        columns = {name: documents[name] for name in KEY}
        columns |= {"text": rows.texts, "label": documents[self._request.label_column]}
        return pa.table(columns | ({"split": documents[split]} if split else {}))

    def _concat(self, tables: Iterable[pa.Table], max_rows: int | None) -> pa.Table:
        """All of them; where there are more, the rows of the smallest hashes, in their order."""
        kept = pa.table({})
        for table in tables:
            try:
                kept = pa.concat_tables([kept, table], promote_options="permissive")
            except pa.ArrowException as error:
                raise ValueError(
                    f"label_column {self._request.label_column!r} holds other types in other "
                    f"files: {error}. Write it in one type."
                ) from error
            if max_rows is not None and kept.num_rows > max_rows:
                self.left_out += kept.num_rows - max_rows
                smallest = np.argsort(hash_numbers(kept["text_hash"]), kind="stable")[:max_rows]
                kept = kept.take(pa.array(np.sort(smallest)))
        return kept


def _with_reviews(table: pa.Table, reviews: pa.Table) -> pa.Table:
    """The same rows; where a person labelled a text, that label."""
    if not reviews.num_rows:
        return table
    place = pc.index_in(table["text_hash"], value_set=reviews["text_hash"].combine_chunks())
    said = reviews["label"].take(place)
    label = table["label"].cast(said.type)
    mixed = pc.if_else(pc.is_valid(place), said, label)
    return table.set_column(table.column_names.index("label"), "label", mixed)
