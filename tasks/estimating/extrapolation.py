"""From a sample to a whole run: seconds, bytes and shares. Arithmetic alone.

Knows counts, seconds and bytes. Reads nothing and measures nothing.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence

import numpy as np

from tasks.estimating.findings import Output, Pace, Spread, TextsFound
from tasks.estimating.sample import ChunkReading, Sample, Share
from tasks.estimating.speeds import Speeds
from tasks.estimating.trial import Trial
from tasks.pacing import places_for_each_chunk

QUANTILES = (10, 50, 90, 99, 100)


def seconds_of_one(sample: Sample, trials: Sequence[Trial], *, passes: int) -> Spread:
    """Seconds that one process needs for a row that is owed; `passes` is how often it is read."""
    reading = passes * _weighed(sample.readings, lambda r: r.seconds / r.rows.chunk.rows)
    a_row = [
        share.texts_a_row * trial.seconds / trial.texts
        for share, trial in zip(_filled(sample), trials, strict=True)
    ]
    return spread(reading + each for each in a_row or [0.0])


def describe_texts(trials: Sequence[Trial]) -> TextsFound:
    """The texts of all shares together."""
    num_texts = sum(trial.texts for trial in trials)
    with_vector = max(sum(len(trial.n_tokens) for trial in trials), 1)
    tokens = max(sum(trial.tokens for trial in trials), 1)
    reasons = sum((trial.reasons for trial in trials), Counter[str]())
    return TextsFound(
        num_texts=num_texts,
        lengths=_quantiles(np.concatenate([[], *(trial.n_tokens for trial in trials)])),
        truncated=sum(trial.truncated for trial in trials) / with_vector,
        unknown=sum(trial.unknown for trial in trials) / tokens,
        windows=sum(trial.windows for trial in trials) / with_vector,
        without_vector={name: count / num_texts for name, count in reasons.most_common()},
    )


def outputs(
    names: Sequence[str], owed_rows: Sequence[int], sample: Sample, trials: Sequence[Trial]
) -> tuple[Output, ...]:
    """What each dataset will take, in the order of the trials' bytes.

    A document has a row in each, be its text new, stored or a duplicate.
    """
    pairs = list(zip(_filled(sample), trials, strict=True))
    return tuple(
        Output(
            dataset=name,
            size_bytes=spread(
                rows * share.documents_a_row * trial.row_bytes[number] for share, trial in pairs
            ),
        )
        for number, (name, rows) in enumerate(zip(names, owed_rows, strict=True))
        if pairs
    )


def rejects(sample: Sample) -> dict[str, float]:
    """Shares of the rows, by reason; the most frequent first."""
    shares: dict[str, float] = {}
    places = sum(reading.places for reading in sample.readings)
    for reading in sample.readings:
        for reason, count in reading.reasons.items():
            share = count / reading.rows.chunk.rows * reading.places / places
            shares[reason] = shares.get(reason, 0.0) + share
    return dict(sorted(shares.items(), key=lambda item: -item[1]))


def pace(
    trials: Sequence[Trial], here: Speeds, together: Speeds | None, *, memory_bytes: int
) -> Pace:
    """The trials' speed, times what several processes gain on the same texts."""
    factor = together.texts_per_second / here.texts_per_second if together else 1.0
    tried = together or here
    budget, gain = tried.better or (None, 1.0)
    alone = spread(trial.texts / trial.seconds for trial in trials)
    return Pace(
        num_processes=tried.num_processes,
        texts=alone.times(factor),
        tokens=spread(trial.tokens / trial.seconds for trial in trials).times(factor),
        texts_of_one=alone,
        budgets=tuple(tried.seconds),
        better_budget=budget,
        gain=gain,
        memory_bytes=tried.memory_bytes + memory_bytes,
    )


def seconds_of_run(of_one: Spread, num_chunks: int, pace: Pace) -> Spread:
    """Seconds of all processes, of which each takes whole chunks, from those of one."""
    factor = pace.texts_of_one.value / pace.texts.value
    return of_one.times(factor * places_for_each_chunk(num_chunks, pace.num_processes))


def found_rows(sample: Sample) -> dict[str, float]:
    """Shares of the rows that are owed: new texts, those that are stored, and duplicates."""
    new = _mean(sample.shares, lambda share: share.texts_a_row)
    reused = _mean(sample.shares, lambda share: share.reused_a_row)
    documents = _mean(sample.shares, lambda share: share.documents_a_row)
    return {"new": new, "reused": reused, "duplicates": max(documents - new - reused, 0.0)}


def spread(values: Iterable[float]) -> Spread:
    """The mean of what the shares of the sample give, between lowest and highest."""
    found = list(values)
    return Spread(value=float(np.mean(found)), low=min(found), high=max(found))


def _filled(sample: Sample) -> list[Share]:
    """The shares of which there are trials."""
    return [share for share in sample.shares if len(share.rows.first)]


def _mean(shares: Sequence[Share], part: Callable[[Share], float]) -> float:
    """Over the shares of the sample, which stand for equally many rows."""
    return float(np.mean([part(share) for share in shares]))


def _weighed(readings: Sequence[ChunkReading], part: Callable[[ChunkReading], float]) -> float:
    """Over the places, which stand for equally many rows."""
    places = [reading.places for reading in readings]
    return float(np.average([part(reading) for reading in readings], weights=places))


def _quantiles(lengths: np.ndarray) -> tuple[int | None, ...]:
    if not len(lengths):
        return ()
    ranked = np.sort(np.where(lengths < 0, np.inf, lengths))
    found = [ranked[max(0, -(-len(ranked) * share // 100) - 1)] for share in QUANTILES]
    return tuple(None if np.isinf(length) else int(length) for length in found)
