"""Poolhouse against sentence-transformers on the committed sample, interleaved in one run.

Knows how to take turns. A ratio of medians is what counts: the machine may be busy with others.
"""

import os
import statistics
import time
from collections.abc import Callable

import pyarrow.parquet as pq
from rich.table import Table
from sentence_transformers import SentenceTransformer

from embedding import EncoderSpec, load_encoder
from flows.console import console
from pooling import PoolingSpec

MODEL = "models/all-MiniLM-L6-v2"
SAMPLE = "samples/wordnet12.parquet"
SIX = ("cls", "mean", "max", "min", "max_min", "mean_sqrt_len")

Engine = Callable[[list[str]], object]


def main(documents: int = 2000, rounds: int = 5) -> None:
    """Time each engine in turn, round after round, and print medians and ratios."""
    sample = pq.read_table(SAMPLE, columns=["text"])["text"].to_pylist()
    texts = sample[:: max(len(sample) // documents, 1)]
    engines = _engines()
    for encode in engines.values():
        encode(texts[:64])  # the first call pays for what later ones do not
    seconds: dict[str, list[float]] = {name: [] for name in engines}
    for _ in range(rounds):
        for name, encode in engines.items():
            started = time.perf_counter()
            encode(texts)
            seconds[name].append(time.perf_counter() - started)
    console.print(_table(seconds, len(texts)))
    console.print(f"{len(texts):,} WordNet glosses, {rounds} rounds, {os.cpu_count()} cores.")


def _engines() -> dict[str, Engine]:
    peer = SentenceTransformer(MODEL, device="cpu")
    encoder = load_encoder(EncoderSpec(model=MODEL, device="cpu"))
    poolings = [PoolingSpec(strategy=name) for name in SIX]
    return {
        "sentence-transformers, batches of 32": lambda texts: peer.encode(texts, batch_size=32),
        "Poolhouse, one pooling": encoder.encode,
        "Poolhouse, six poolings": lambda texts: list(encoder.encode_windows([texts], poolings)),
    }


def _table(seconds: dict[str, list[float]], count: int) -> Table:
    peer = seconds[next(iter(seconds))]
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    for column in ("engine", "documents/s", "times faster", "least", "most"):
        table.add_column(column)
    for name, taken in seconds.items():
        ratios = [theirs / ours for theirs, ours in zip(peer, taken, strict=True)]
        figures = [statistics.median(ratios), min(ratios), max(ratios)]
        speed = count / statistics.median(taken)
        table.add_row(name, f"{speed:,.0f}", *(f"{figure:.2f}" for figure in figures))
    return table


if __name__ == "__main__":
    main()
