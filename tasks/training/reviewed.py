"""Labels that people gave to documents, for training: the newest of each text.

Knows the reviews of a store. Does not know which documents a corpus has.
"""

from typing import cast

import pyarrow as pa
import pyarrow.compute as pc

from data import OpenStore, load_evaluation, read_reviews
from tasks.training.request import TrainRequest

_COLUMNS = ("text_hash", "label")


def read_reviewed(store: OpenStore | None, request: TrainRequest) -> pa.Table:
    """text_hash and label (or list of labels), one row for each text; none unless asked for.

    Reviews of labelers count whose titles begin as those of this training do, unless these learned
    from another column.
    """
    nothing = pa.table(
        {"text_hash": pa.array([], pa.binary(16)), "label": pa.array([], pa.string())}
    )
    if store is None or not request.training.use_reviews:
        return nothing
    reviews = read_reviews(store)
    is_ours = pc.starts_with(reviews["labeler"], f"{request.title}_")
    reviews = reviews.filter(is_ours)
    others = [
        version
        for version in reviews["version"].unique().to_pylist()
        if _label_column(store, version) not in {None, request.label_column}
    ]
    reviews = reviews.filter(pc.invert(pc.is_in(reviews["version"], pa.array(others, pa.string()))))
    if not reviews.num_rows:
        return nothing
    is_single = reviews["label"].null_count < reviews.num_rows
    label = reviews["label"] if is_single else reviews["labels"]
    places = {text: place for place, text in enumerate(reviews["text_hash"].to_pylist())}
    newest = pa.table([reviews["text_hash"], label], names=list(_COLUMNS))
    return newest.take(pa.array(sorted(places.values())))


def _label_column(store: OpenStore, version: str) -> str | None:
    """What the labeler learned from; None if nobody knows."""
    return cast(str | None, (load_evaluation(store, version) or {}).get("label_column"))
