"""Poolhouse against sentence-transformers on the committed sample, interleaved in one run.

A ratio of medians is what counts: the machine may be busy with others.
"""

import os
import statistics

from rich.table import Table
from sentence_transformers import SentenceTransformer

from benchmarks.turns import Engine, sample_texts, take_turns
from embedding import EncoderSpec, load_encoder
from flows.console import console
from pooling import PoolingSpec

MODEL = "models/all-MiniLM-L6-v2"
SIX = ("cls", "mean", "max", "min", "max_min", "mean_sqrt_len")


def main(documents: int = 2000, rounds: int = 5) -> None:
    """Time each engine in turn, round after round, and print medians and ratios."""
    texts = sample_texts(documents)
    console.print(_table(take_turns(_engines(), texts, rounds), len(texts)))
    console.print(f"{len(texts):,} WordNet glosses, {rounds} rounds, {os.cpu_count()} cores.")


def _engines() -> dict[str, Engine]:
    peer = SentenceTransformer(MODEL, device="cpu")
    encoder = load_encoder(EncoderSpec(model=MODEL, device="cpu"))
    poolings = [PoolingSpec(strategy=name) for name in SIX]
    return {
        "sentence-transformers, batches of 32": lambda texts: peer.encode(texts, batch_size=32),
        "Poolhouse, one pooling": encoder.encode,
        "Poolhouse, six poolings": lambda texts: list(encoder.encode_groups([texts], poolings)),
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
