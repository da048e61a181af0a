"""Time engines in turn, round after round: what else the machine does weighs on all alike."""

import time
from collections.abc import Callable, Mapping, Sequence

import pyarrow.parquet as pq

SAMPLE = "samples/wordnet12.parquet"

Engine = Callable[[list[str]], object]


def sample_texts(documents: int) -> list[str]:
    """About so many glosses of the committed sample, from all of it."""
    texts: list[str] = pq.read_table(SAMPLE, columns=["text"])["text"].to_pylist()
    return texts[:: max(len(texts) // documents, 1)]


def take_turns(
    engines: Mapping[str, Engine],
    texts: Sequence[str],
    rounds: int,
    *,
    clock: Callable[[], float] = time.perf_counter,
) -> dict[str, list[float]]:
    """The seconds of each engine, one number a round; every second round goes backwards."""
    for encode in engines.values():
        encode(list(texts[:64]))  # the first call pays for what later ones do not
    seconds: dict[str, list[float]] = {name: [] for name in engines}
    for number in range(rounds):
        for name in list(engines)[:: -1 if number % 2 else 1]:
            started = clock()
            engines[name](list(texts))
            seconds[name].append(clock() - started)
    return seconds
