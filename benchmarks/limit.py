"""How close the encoder comes to what the machine's matrix products allow, on every core at once.

The limit is measured beside it, in turn: products of the model's own shapes, by MKL into memory
that is there already, and with the weights as the encoder has them; the faster way counts. Then a
profile says where the rest goes.
"""

import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import nn

from benchmarks.corpora import MODEL, MODEL_TOKENS, Corpus, count_tokens, spread
from benchmarks.engines import OURS, load_poolhouse
from benchmarks.profiling import shares_of_time
from benchmarks.results import Figure, Measurement, median_of
from benchmarks.speed import count_texts, cpu_setup
from benchmarks.workers import (
    Effort,
    Engine,
    Prepare,
    Setup,
    Team,
    Turn,
    num_cores,
    open_team,
    take_turns,
)
from embedding import EncoderSpec, load_encoder
from embedding.blocked_linear import BlockedLinear

ROWS = 2_048  # tokens of one product; larger ones leave the caches and are slower
GOALS = {"short": "at least 82 %", "mixed": "at least 78 %"}
PROFILED_TEXTS = 2_000
LIMIT = "matrix products"


def measure(corpus: Corpus, effort: Effort) -> Measurement:
    """Tokens/s for each process, as a share of the limit."""
    texts = spread(corpus.texts(), count_texts(corpus, effort))
    setup = cpu_setup(corpus)
    ours, products = Engine(load_poolhouse, per_core=True), Engine(load_products, per_core=True)
    with open_team(ours, setup) as encoding, open_team(products, setup) as multiplying:
        for team in (encoding, multiplying):
            team.take(texts)
        rates, turns = _rounds({OURS: encoding, LIMIT: multiplying}, effort.rounds)
    lengths = np.minimum(count_tokens(texts), corpus.max_tokens or MODEL_TOKENS)
    seconds = np.array([[turn.seconds * num_cores(), turn.cpu_seconds] for turn in turns])
    tokens_s = lengths.sum() / seconds
    module = load_encoder(EncoderSpec(model=str(MODEL), device="cpu")).parts.transformer.module
    figures = _shares(tokens_s, rates, module, lengths, GOALS.get(corpus.name, ""))
    return Measurement(
        piece="limit",
        corpus=corpus.name,
        about=f"{len(texts):,} {corpus.about} in {num_cores()} processes of one thread, all "
        f"running; {effort.rounds} rounds.",
        figures=[*figures, *profile(texts, corpus)],
    )


def _rounds(teams: dict[str, Team], rounds: int) -> tuple[np.ndarray, list[Turn]]:
    """GFLOP/s of the products in one process, by clock and by core; and the encoder's turns."""
    rates, encoded = [], []
    for _ in range(rounds):
        turns = take_turns(teams, 1)
        encoded.append(turns[OURS][0])
        rates.append(teams[LIMIT].vectors().mean(0))
    return np.stack(rates), encoded


def _shares(
    tokens_s: np.ndarray, rates: np.ndarray, module: nn.Module, lengths: np.ndarray, goal: str
) -> list[Figure]:
    """From speeds and limits of each round, by clock and by core."""
    linear = flops_a_token(module)
    attention = attention_flops(module, lengths) / lengths.sum()
    by_clock, by_core = (100 * tokens_s * linear / (rates * 1e9)).T.tolist()
    more = [share * (1 + attention / linear) for share in by_clock]
    return [
        median_of("tokens/s of one process", tokens_s[:, 0].tolist(), "tokens/s"),
        median_of("limit: products of the model's shapes", rates[:, 0].tolist(), "GFLOP/s"),
        median_of("linear layers' share of the limit", by_clock, "%", goal=goal),
        median_of("the same in seconds that cores computed", by_core, "%"),
        median_of("by the clock, with attention's products", more, "%"),
    ]


def profile(texts: Sequence[str], corpus: Corpus) -> list[Figure]:
    """Where the time goes in this process, on one thread."""
    torch.set_num_threads(1)
    spec = EncoderSpec(model=str(MODEL), device="cpu", max_tokens=corpus.max_tokens)
    encoder = load_encoder(spec)
    chosen = spread(texts, PROFILED_TEXTS)
    shares = shares_of_time(partial(encoder.encode, chosen))
    return [
        Figure(what=f"profile: {name}", value=100 * share, unit="%")
        for name, share in shares.items()
    ]


def load_products(setup: Setup) -> Prepare:
    """An engine whose only work is products; its vectors are its GFLOP/s, by clock and by core."""
    module = load_encoder(EncoderSpec(model=setup.model, device="cpu")).parts.transformer.module
    layers = linear_layers(module)
    ways = [
        [_product(layer.out_features, layer.in_features) for layer in layers],
        [partial(layer, torch.randn(ROWS, layer.in_features)) for layer in layers],
    ]
    flops = ROWS * flops_a_token(module)

    def prepare(texts: list[str]) -> Any:
        tokens = int(np.minimum(count_tokens(texts), MODEL_TOKENS).sum())
        return partial(_multiply, ways, flops, max(1, tokens // ROWS // len(ways)))

    return prepare


def _product(wide: int, high: int) -> Callable[[], object]:
    left, right = torch.randn(ROWS, high), torch.randn(wide, high).t()
    return partial(torch.mm, left, right, out=torch.empty(ROWS, wide))


@torch.inference_mode()
def _multiply(ways: Sequence[Sequence[Callable[[], object]]], flops: int, times: int) -> np.ndarray:
    """GFLOP/s of the faster way."""
    seconds = np.zeros((len(ways), 2))
    for _ in range(times):
        for way, products in enumerate(ways):
            started, computing = time.perf_counter(), time.process_time()
            for product in products:
                product()
            spent = time.perf_counter() - started, time.process_time() - computing
            seconds[way] += spent
    gflops_s: np.ndarray = flops * times / seconds[seconds[:, 0].argmin()][np.newaxis] / 1e9
    return gflops_s


def linear_layers(module: nn.Module) -> list[Any]:
    """Those that every token goes through, plain or blocked: all but a pooler's."""
    return [
        layer
        for name, layer in module.named_modules()
        if isinstance(layer, nn.Linear | BlockedLinear) and not name.startswith("pooler")
    ]


def flops_a_token(module: nn.Module) -> int:
    """Of the linear layers; a multiplication and an addition are two."""
    return sum(2 * layer.in_features * layer.out_features for layer in linear_layers(module))


def attention_flops(module: Any, lengths: np.ndarray) -> float:
    """Of queries by keys and weights by values, over all texts and layers."""
    config = module.config
    return float(4.0 * config.num_hidden_layers * config.hidden_size * (lengths**2.0).sum())
