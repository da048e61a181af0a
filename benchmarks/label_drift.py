"""How often a night is flagged: unchanged ones, and ones with foreign texts among the others.

Nights are drawn from test rows that are not in the reference. Knows glosses and text messages.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
import pyarrow.parquet as pq

from benchmarks.label_data import LabelData
from benchmarks.label_vectors import POOLINGS, embed_texts
from benchmarks.labelled import build
from benchmarks.results import Figure, Measurement, NotMeasured
from embedding import load_encoder
from labeling import (
    DriftRow,
    DriftSample,
    Examples,
    HeadSpec,
    Labeler,
    LabelSchema,
    drift_rows,
    predict,
)

NIGHT, FOREIGN_SHARE = 300, 0.1
UNCHANGED_NIGHTS, FOREIGN_NIGHTS = 200, 100
MOST_REFERENCE = 4_096
POOLING = "mean"
LEFT_OUT = ("noun.animal", "noun.plant", "noun.food", "noun.body")
LEAST_POOL = 3 * NIGHT
LOOKS = "centroid_distance"


@dataclass(frozen=True, slots=True)
class _Texts:
    """Texts as a nightly run sees them, with the labeler that reads them."""

    labeler: Labeler
    vectors: np.ndarray
    n_tokens: np.ndarray
    truncated: np.ndarray
    n_unknown: np.ndarray

    def sample(self, rows: np.ndarray) -> DriftSample:
        vectors = np.asarray(self.vectors[rows])
        found = predict(self.labeler, vectors)
        return DriftSample(
            probabilities=found.probabilities,
            chosen=found.chosen,
            is_auto=found.is_auto,
            n_tokens=self.n_tokens[rows],
            truncated=self.truncated[rows],
            n_unknown=self.n_unknown[rows],
            vectors=vectors,
        )


def measure(data: LabelData) -> Measurement:
    """Three kinds of nights of 300 documents.

    Raises:
        NotMeasured: There are too few test rows, or no text messages.
    """
    places = data.examples.test
    np.random.default_rng(0).shuffle(places)
    num_reference = min(MOST_REFERENCE, len(places) // 2)
    reference, pool = places[:num_reference], places[num_reference:]
    if len(pool) < LEAST_POOL:
        raise NotMeasured(f"needs {2 * LEAST_POOL} rows to test on, such as wordnet_nouns has")
    glosses = _read(data, data.examples.texts, data.logistic(POOLING).labeler)
    known = glosses.sample(reference)
    rng = np.random.default_rng(1)
    unchanged = _nights(known, lambda: glosses.sample(_draw(rng, pool, NIGHT)), UNCHANGED_NIGHTS)
    messages = pq.read_table(build("sms"))["text"].to_pylist()
    spam = _read(data, messages, glosses.labeler)
    foreign = _nights(known, lambda: _mixed(rng, glosses, pool, spam), FOREIGN_NIGHTS)
    harder = _left_out(data, glosses, (reference, pool), rng)
    about = (
        f"Nights of {NIGHT} documents beside {num_reference:,} of the reference, all of them rows "
        f"that were only tested on; vectors: {POOLING}. {data.notes}."
    )
    figures = [
        _rate("unchanged nights with look", unchanged, "at most 0.020"),
        _rate(f"look: {FOREIGN_SHARE:.0%} text messages", foreign, "at least 0.800"),
    ]
    if harder:
        words = f"look: {FOREIGN_SHARE:.0%} glosses of {', '.join(LEFT_OUT)}"
        figures.append(_rate(words, harder, "", "the reference has none, the labeler knows none"))
    figures += _other_rows(unchanged, foreign)
    return Measurement(piece="drift", corpus=data.name, about=about, figures=figures)


def _read(data: LabelData, texts: list[str], labeler: Labeler) -> _Texts:
    tokenizer = load_encoder(data.encoder).parts.tokenizer
    read = tokenizer.tokenize(list(texts), "")
    return _Texts(
        labeler=labeler,
        vectors=embed_texts(texts, data.encoder, POOLINGS)[POOLING],
        n_tokens=np.where(read.n_tokens < 0, np.nan, read.n_tokens),
        truncated=read.truncated,
        n_unknown=read.n_unknown,
    )


def _mixed(
    rng: np.random.Generator, glosses: _Texts, pool: np.ndarray, foreign: _Texts
) -> DriftSample:
    """A night with a tenth of foreign texts."""
    count = round(NIGHT * FOREIGN_SHARE)
    ours = glosses.sample(_draw(rng, pool, NIGHT - count))
    theirs = foreign.sample(_draw(rng, np.arange(len(foreign.n_tokens)), count))
    joined = {
        name: np.concatenate([getattr(ours, name), getattr(theirs, name)])
        for name in DriftSample.__dataclass_fields__
    }
    return DriftSample(**joined)


def _left_out(
    data: LabelData, glosses: _Texts, sides: tuple[np.ndarray, np.ndarray], rng: np.random.Generator
) -> list[tuple[DriftRow, ...]]:
    """Nights with documents of labels that neither the labeler nor the reference knows."""
    labels = data.examples.schema.labels
    if not set(LEFT_OUT) < set(labels):
        return []
    columns = [k for k, label in enumerate(labels) if label not in LEFT_OUT]
    is_known = data.examples.indicator[:, columns].any(axis=1)
    reference, pool = (side[is_known[side]] for side in sides)
    strangers = sides[1][~is_known[sides[1]]]
    fewer = replace(glosses, labeler=_train_without(data, is_known, columns))
    known = fewer.sample(reference)
    count = round(NIGHT * FOREIGN_SHARE)

    def night() -> DriftSample:
        rows = [_draw(rng, pool, NIGHT - count), _draw(rng, strangers, count)]
        return fewer.sample(np.concatenate(rows))

    return _nights(known, night, FOREIGN_NIGHTS)


def _train_without(data: LabelData, is_known: np.ndarray, columns: list[int]) -> Labeler:
    examples, rows = data.examples, np.flatnonzero(is_known)
    schema = LabelSchema(
        task=examples.schema.task, labels=tuple(examples.schema.labels[k] for k in columns)
    )
    fewer = Examples(
        schema=schema,
        texts=[examples.texts[row] for row in rows],
        indicator=examples.indicator[np.ix_(rows, columns)],
        fold=examples.fold[rows],
    )
    spec = HeadSpec(parameters={"c": [0.01]})
    vectors = np.asarray(data.vectors(POOLING)[rows])
    part = replace(data, examples=fewer)
    return part.vectors_head(POOLING, vectors, POOLINGS[POOLING], spec).labeler


def _draw(rng: np.random.Generator, rows: np.ndarray, count: int) -> np.ndarray:
    drawn: np.ndarray = rng.choice(rows, count, replace=False)
    return drawn


def _nights(
    reference: DriftSample, night: Callable[[], DriftSample], count: int
) -> list[tuple[DriftRow, ...]]:
    """The rows of each night. Limits are those of the length of a night, so they are drawn once."""
    first = drift_rows(reference, night())
    limits = {row.statistic: row.limit for row in first}
    others = (drift_rows(reference, night(), draws=1) for _ in range(count - 1))
    return [first, *(tuple(_judged(row, limits) for row in rows) for rows in others)]


def _judged(row: DriftRow, limits: dict[str, float]) -> DriftRow:
    limit = limits[row.statistic]
    look = row.statistic == LOOKS and row.value > limit
    return row.model_copy(update={"limit": limit, "look": look})


def _rate(what: str, nights: list[tuple[DriftRow, ...]], asked: str, note: str = "") -> Figure:
    looks = [any(row.look for row in rows) for rows in nights]
    words = f"{sum(looks)} of {len(looks)} nights"
    said = f"{words}; {note}" if note else words
    return Figure(what=what, value=float(np.mean(looks)), unit="", goal=asked, note=said)


def _other_rows(
    unchanged: list[tuple[DriftRow, ...]], foreign: list[tuple[DriftRow, ...]]
) -> Iterator[Figure]:
    """How often each statistic is above its limit, which is shown and raises nothing."""
    for number, row in enumerate(unchanged[0]):
        above = [
            float(np.mean([rows[number].value > rows[number].limit for rows in nights]))
            for nights in (unchanged, foreign)
        ]
        what = f"{row.statistic.replace('_', ' ')} above its limit, unchanged nights"
        messages = f"with text messages {above[1]:.3f}"
        yield Figure(what=what, value=above[0], unit="", note=messages)
