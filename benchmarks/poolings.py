"""What more poolings cost than one: `python -m benchmarks.poolings`; eight of them, all layers.

Each set of poolings is timed beside `mean` alone, in turn, over the committed sample: on a CPU in
seconds of one core, which other work on the machine does not lengthen, and on a GPU by the clock.
"""

import statistics
import time
from collections.abc import Sequence

import torch
from rich.table import Table

from benchmarks.turns import Engine, sample_texts, take_turns
from embedding import Encoder, EncoderSpec, load_encoder
from flows.console import console
from pooling import FittedByName, PoolingSpec, Sizes, TextPooler

MODEL = "models/all-MiniLM-L6-v2"
EIGHT = ("cls", "mean", "max", "min", "max_min", "mean_sqrt_len", "last_token", "mean_std")
ALL = tuple(range(7))  # MiniLM's embedding output and six layers
ONE = "mean"
# Poolings of one pass, and the ratio to one that we promise; None: none is promised.
SETS: dict[str, tuple[list[PoolingSpec], float | None]] = {
    ONE: ([PoolingSpec()], None),
    "eight at once": ([PoolingSpec(strategy=name) for name in EIGHT], 1.05),
    "all layers, mean": ([PoolingSpec(layers=ALL)], 1.25),
    "all layers, side by side": ([PoolingSpec(layers=ALL, combine="concat")], 1.25),
    "all layers, mixed": ([PoolingSpec(layers=ALL, combine="mix", mix_weights=ALL)], 1.25),
    "top_k_mean": ([PoolingSpec(strategy="top_k_mean")], None),
    "gem": ([PoolingSpec(strategy="gem")], None),
    "attention": ([PoolingSpec(strategy="attention", weights="attention")], None),
    "bilstm": ([PoolingSpec(strategy="bilstm", weights="bilstm")], None),
    "dpcnn": ([PoolingSpec(strategy="dpcnn", weights="dpcnn")], None),
}
LEARNED = ("attention", "bilstm", "dpcnn")


def main(documents: int = 400, rounds: int = 10) -> None:
    """Time every set in turn and print medians of ratios."""
    texts = sample_texts(documents)
    encoder = load_encoder(EncoderSpec(model=MODEL))
    engines = {name: _engine(encoder, poolings) for name, (poolings, _) in SETS.items()}
    clock = time.perf_counter
    if encoder.device == "cpu":
        torch.set_num_threads(1)
        clock = time.process_time
    console.print(_table(take_turns(engines, texts, rounds, clock=clock)))
    console.print(f"{len(texts):,} WordNet glosses, {rounds} rounds on {encoder.device}.")


def _engine(encoder: Encoder, poolings: Sequence[PoolingSpec]) -> Engine:
    fitted = _fresh_weights(encoder)
    return lambda texts: list(encoder.encode_groups([texts], poolings, fitted))


def _fresh_weights(encoder: Encoder) -> FittedByName:
    """What is not trained takes as long as what is."""
    architecture = encoder.parts.architecture
    sizes = Sizes(architecture.hidden_size, architecture.vocabulary_size)
    return {n: TextPooler(PoolingSpec(strategy=n), sizes).to_fitted() for n in LEARNED}


def _table(seconds: dict[str, list[float]]) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    for column in ("poolings of one pass", "times one", "least", "most", "promised"):
        table.add_column(column)
    for name, taken in seconds.items():
        ratios = [ours / one for ours, one in zip(taken, seconds[ONE], strict=True)]
        figures = [statistics.median(ratios), min(ratios), max(ratios)]
        promised = SETS[name][1]
        shown = f"{promised:.2f}" if promised else ""
        table.add_row(name, *(f"{figure:.3f}" for figure in figures), shown)
    return table


if __name__ == "__main__":
    main()
