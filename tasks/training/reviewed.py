"""Labels that people gave to documents, for training: the newest of each text.

Knows the reviews of a store. Does not know which documents a corpus has.
"""

from dataclasses import dataclass
from typing import cast

import pyarrow as pa
import pyarrow.compute as pc

from data import OpenStore, load_evaluation, read_reviews
from tasks.figures import count_words
from tasks.training.request import TrainRequest

_COLUMNS = ("text_hash", "label")


@dataclass(frozen=True, slots=True)
class Reviewed:
    """What people said, for training.

    Attributes:
        labels: text_hash and label (or list of labels), one row for each text.
        facts: Sentences: how many reviews were left out, and why.
    """

    labels: pa.Table
    facts: tuple[str, ...] = ()


_NOTHING = pa.table({"text_hash": pa.array([], pa.binary(16)), "label": pa.array([], pa.string())})


def read_reviewed(store: OpenStore | None, request: TrainRequest) -> Reviewed:
    """The newest review of each text; none unless asked for.

    Reviews of labelers count whose titles begin as those of this training do, unless these learned
    from another column.
    """
    if store is None or not request.training.use_reviews:
        return Reviewed(_NOTHING)
    everything = read_reviews(store)
    title = f"{request.title}_"
    titled = everything.filter(pc.starts_with(everything["labeler"], title))
    columns = {
        version: _label_column(store, version) for version in titled["version"].unique().to_pylist()
    }
    others = [
        name for name, column in columns.items() if column not in {None, request.label_column}
    ]
    is_other = pc.is_in(titled["version"], pa.array(others, pa.string()))
    reviews = titled.filter(pc.invert(is_other))
    left_out = count_words(everything.num_rows - reviews.num_rows, "review")
    words = (
        f"{left_out} left out: of labelers whose title does not begin with "
        f"{title!r}, or that learned from another column than {request.label_column!r}."
    )
    facts = (words,) if reviews.num_rows < everything.num_rows else ()
    return Reviewed(_newest(reviews), facts)


def _newest(reviews: pa.Table) -> pa.Table:
    if not reviews.num_rows:
        return _NOTHING
    is_single = reviews["label"].null_count < reviews.num_rows
    label = reviews["label"] if is_single else reviews["labels"]
    places = {text: place for place, text in enumerate(reviews["text_hash"].to_pylist())}
    newest = pa.table([reviews["text_hash"], label], names=list(_COLUMNS))
    return newest.take(pa.array(sorted(places.values())))


def _label_column(store: OpenStore, version: str) -> str | None:
    """What the labeler learned from; None if nobody knows."""
    return cast(str | None, (load_evaluation(store, version) or {}).get("label_column"))
