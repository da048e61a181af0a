"""What more poolings cost than one; eight of them, all layers, and eight passes of the peer.

Each set of poolings is timed beside `mean` alone, in turn: on a CPU in seconds of one core, which
other work on the machine does not lengthen, and on a GPU by the clock.
"""

import time
from collections.abc import Callable, Mapping, Sequence

import torch

from benchmarks.corpora import MODEL, Corpus, spread
from benchmarks.engines import peer_model
from benchmarks.results import Figure, Measurement, median_of
from benchmarks.speed import cpu_setup
from benchmarks.workers import Effort
from embedding import Encoder, EncoderSpec, load_encoder
from pooling import FittedByName, PoolingSpec, Sizes, TextPooler

EIGHT = ("cls", "mean", "max", "min", "max_min", "mean_sqrt_len", "last_token", "mean_std")
ALL = tuple(range(7))  # MiniLM's embedding output and six layers
ONE, EIGHT_AT_ONCE = "mean", "eight at once"
PASSES = "sentence-transformers, eight passes"
# Poolings of one pass, and the ratio to one that is the goal; None: there is none.
SETS: dict[str, tuple[list[PoolingSpec], float | None]] = {
    ONE: ([PoolingSpec()], None),
    EIGHT_AT_ONCE: ([PoolingSpec(strategy=name) for name in EIGHT], 1.05),
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
LEAST_TEXTS, MOST_TEXTS, TEXTS_A_MINUTE = 64, 1_000, 200
PASSES_GOAL = "at least 7"

Work = Callable[[list[str]], object]


def measure(corpus: Corpus, effort: Effort) -> Measurement:
    """Twice as many rounds as asked for, since they are short and one pair decides nothing."""
    count = round(min(MOST_TEXTS, max(LEAST_TEXTS, TEXTS_A_MINUTE * effort.minutes)))
    texts = spread(corpus.texts(), count)
    encoder = load_encoder(EncoderSpec(model=str(MODEL), max_tokens=corpus.max_tokens))
    works = {name: _work(encoder, poolings) for name, (poolings, _) in SETS.items()}
    clock = time.perf_counter
    if encoder.device == "cpu":
        torch.set_num_threads(1)
        clock = time.process_time
    peer = peer_model(cpu_setup(corpus))
    works[PASSES] = lambda texts: [peer.encode(texts) for _ in EIGHT]
    rounds = 2 * effort.rounds
    seconds = _take_turns(works, texts, rounds, clock)
    return Measurement(
        piece="poolings",
        corpus=corpus.name,
        about=f"{len(texts):,} {corpus.about}, {rounds} rounds on {encoder.device}; times the cost "
        "of mean alone.",
        figures=[*(_figure(name, seconds) for name in SETS), _passes(seconds)],
    )


def _work(encoder: Encoder, poolings: Sequence[PoolingSpec]) -> Work:
    fitted = _fresh_weights(encoder)
    return lambda texts: list(encoder.encode_groups([texts], poolings, fitted))


def _fresh_weights(encoder: Encoder) -> FittedByName:
    """What is not trained takes as long as what is."""
    architecture = encoder.parts.architecture
    sizes = Sizes(architecture.hidden_size, architecture.vocabulary_size)
    return {n: TextPooler(PoolingSpec(strategy=n), sizes).to_fitted() for n in LEARNED}


def _take_turns(
    works: Mapping[str, Work], texts: list[str], rounds: int, clock: Callable[[], float]
) -> dict[str, list[float]]:
    """Seconds of each, one number a round; every second round goes backwards."""
    for work in works.values():
        work(texts[:64])  # the first call pays for what later ones do not
    seconds: dict[str, list[float]] = {name: [] for name in works}
    for number in range(rounds):
        for name in list(works)[:: -1 if number % 2 else 1]:
            started = clock()
            works[name](texts)
            seconds[name].append(clock() - started)
    return seconds


def _figure(name: str, seconds: Mapping[str, list[float]]) -> Figure:
    ratios = [ours / one for ours, one in zip(seconds[name], seconds[ONE], strict=True)]
    goal = SETS[name][1]
    return median_of(name, ratios, goal=f"at most {goal}" if goal else "")


def _passes(seconds: Mapping[str, list[float]]) -> Figure:
    """The peer needs a pass for each pooling."""
    pairs = zip(seconds[PASSES], seconds[EIGHT_AT_ONCE], strict=True)
    return median_of(
        f"{PASSES} beside {EIGHT_AT_ONCE}",
        [their / our for their, our in pairs],
        goal=PASSES_GOAL,
    )
