"""The documents of a test with what a labeler said of them, as they are kept beside it.

Knows the columns. Some of the vectors are among them, to tell later whether texts have changed.
"""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from labeling import Predictions
from tasks.label_columns import certainty_columns, decision_columns
from tasks.training.examples import LabelledCorpus
from tasks.training.space_rows import TextFacts


@dataclass(frozen=True, slots=True)
class TestTexts:
    """What an encoder saw of the test's texts, for labelers that read its vectors.

    Attributes:
        places: Of the test rows whose vectors are kept, ascending; by chance, and the same for all.
        vectors: Float32 [len(places), dimension].
    """

    facts: TextFacts
    places: np.ndarray
    vectors: np.ndarray


def heldout_table(
    corpus: LabelledCorpus, predictions: Predictions, texts: TestTexts | None
) -> pa.Table:
    """The columns of data.heldout_schema; those of texts only where an encoder saw them."""
    examples = corpus.examples
    key = corpus.key.take(pa.array(examples.test))
    label, labels = decision_columns(examples.schema, examples.indicator[examples.test])
    predicted, predicted_labels = decision_columns(examples.schema, predictions.chosen)
    columns = {
        "doc_id": key["doc_id"],
        "text_hash": key["text_hash"],
        "label": label,
        "labels": labels,
        "predicted": predicted,
        "predicted_labels": predicted_labels,
        **certainty_columns(predictions),
    }
    return pa.table(columns | (_text_columns(texts) if texts else {}))


def _text_columns(texts: TestTexts) -> dict[str, pa.Array]:
    facts = texts.facts
    vectors: list[np.ndarray | None] = [None] * len(facts.truncated)
    for place, vector in zip(texts.places, texts.vectors, strict=True):
        vectors[place] = vector
    return {
        "n_tokens": _counts(facts.n_tokens),
        "truncated": pa.array(facts.truncated),
        "n_unknown": _counts(facts.n_unknown),
        "vector": pa.array(vectors, pa.list_(pa.float32())),
    }


def _counts(values: np.ndarray) -> pa.Array:
    """Whole numbers, null for NaN."""
    is_missing = np.isnan(values)
    return pa.array(np.where(is_missing, 0, values).astype(np.int32), mask=is_missing)
