"""From a corpus to examples: its labelled documents, split, and in words what was left out.

Joins the reading of labels with labeling's preparation. Knows no head.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pyarrow as pa

from data import OpenStore
from labeling import Examples, LabelledTexts, Prepared, prepare_examples
from tasks.figures import count_words
from tasks.training.labelled_documents import KEY, LabelledReading
from tasks.training.request import TrainRequest
from tasks.training.reviewed import Reviewed
from tasks.training.space_rows import have_vectors
from tasks.training.spaces import learned_words


@dataclass(frozen=True, slots=True)
class LabelledCorpus:
    """Examples, and the documents that they are, row by row.

    Attributes:
        key: chunk, row, doc_id and text_hash of each example.
        facts: Sentences: how many there are, how they were split, what was left out and why.
    """

    examples: Examples
    key: pa.Table
    facts: tuple[str, ...]


def read_examples(
    request: TrainRequest, reviewed: Reviewed, store: OpenStore | None, datasets: Sequence[str]
) -> LabelledCorpus:
    """The labelled documents that have a vector in all of the spaces, split.

    Without a store, of all labelled documents: to see whether labels can be learned at all.

    Raises:
        ValueError: the corpus cannot be read whole, or its labels cannot be learned.
    """
    reading = LabelledReading(request, reviewed.labels)
    table = reading.table
    good = have_vectors(store, datasets, table) if store is not None else None
    kept = table if good is None else table.filter(pa.array(good))
    prepared = prepare_examples(_as_texts(request, kept), request.training.split)
    num_refused = table.num_rows - kept.num_rows
    facts = [*reviewed.facts, *_reading_words(reading, num_refused), *_split_words(prepared)]
    facts += learned_words(store, request) if store is not None else ()
    key = kept.select(KEY).take(pa.array(prepared.rows))
    return LabelledCorpus(prepared.examples, key, tuple(facts))


def _as_texts(request: TrainRequest, table: pa.Table) -> LabelledTexts:
    split = request.training.split_column
    return LabelledTexts(
        texts=table["text"].to_pylist(),
        labels=table["label"],
        split=table["split"].cast(pa.string()).to_pylist() if split else None,
        label_column=request.label_column,
        split_column=split or "split",
    )


def _reading_words(reading: LabelledReading, num_refused: int) -> Iterator[str]:
    if reading.unlabelled:
        yield f"{count_words(reading.unlabelled, 'row')} without a label were passed over."
    if reading.left_out:
        yield (
            f"{count_words(reading.left_out, 'row')} were left out, beyond training.max_rows: "
            "those with the largest hashes of their texts."
        )
    if num_refused:
        yield f"{count_words(num_refused, 'document')} left out: without a vector in some space."


def _split_words(prepared: Prepared) -> Iterator[str]:
    examples = prepared.examples
    yield (
        f"{len(examples.train):,} documents to train on, in {examples.fold.max() + 1} folds, and "
        f"{len(examples.test):,} to test on; {len(examples.schema.labels)} labels."
    )
    if prepared.duplicates:
        yield f"{count_words(prepared.duplicates, 'document')} repeat the text of an earlier one."
    for exclusion in prepared.excluded:
        rows = count_words(exclusion.count, "row")
        yield f"{rows} left out ({exclusion.reason}): {exclusion.detail}"
    yield from prepared.notes
