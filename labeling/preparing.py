"""From labelled texts as they are found to examples, with everything that was left out counted.

Knows columns of texts, labels and splits. Does not know which file they come from.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from labeling.examples import Examples
from labeling.splits import SplitSpec


@dataclass(frozen=True, slots=True)
class LabelledTexts:
    """Texts with what their owner says of them, row by row.

    Attributes:
        texts: One per row.
        labels: A string, integer or boolean per row, or a list of them; null where there is none.
            None where the column is missing.
        split: "test" for a row that is only tested on; any other name, or none, for one to train
            on. None where there is no such column.
        label_column: Its name, for messages.
        split_column: Its name, for messages.
    """

    texts: Sequence[str]
    labels: pa.Array | pa.ChunkedArray | Sequence[str | Sequence[str] | None] | None
    split: Sequence[str | None] | None = None
    label_column: str = "label"
    split_column: str = "split"


@dataclass(frozen=True, slots=True)
class Exclusion:
    """Rows that did not become examples, and labels that are not learned.

    Attributes:
        reason: missing_label, contradictory, rare_label, unknown_label or also_in_test.
        count: Rows that were left out, or that lost a label of several.
        detail: A sentence with the labels or texts that it is about.
    """

    reason: str
    count: int
    detail: str


@dataclass(frozen=True, slots=True)
class Prepared:
    """Examples, and how they came about.

    Attributes:
        examples: What to train and test on.
        rows: Ascending places of the given rows that became examples, one per example.
        excluded: What was left out, with reasons.
        contradictory: Rows whose text also has other labels; all of them are left out.
        duplicates: Examples whose text stands in an earlier one too.
        notes: Sentences on the split that a reader should know.
    """

    examples: Examples
    rows: np.ndarray
    excluded: tuple[Exclusion, ...]
    contradictory: int
    duplicates: int
    notes: tuple[str, ...]


def prepare_examples(columns: LabelledTexts, spec: SplitSpec) -> Prepared:
    """Examples of the rows that can be used, split.

    Raises:
        ValueError: The labels cannot be learned as they are, or the spec refuses some of them.
    """
    raise NotImplementedError
