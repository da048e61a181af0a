"""Engines beside sentence-transformers, in memory: models are loaded before the clock starts.

Knows which engines run in which piece. Vectors are compared before anything is timed.
"""

from collections.abc import Mapping
from contextlib import ExitStack

import numpy as np
import torch

from benchmarks.corpora import MODEL, Corpus, count_tokens, spread
from benchmarks.engines import ENGINES, PEER, PEERS
from benchmarks.results import Figure, Measurement, NotMeasured, median_of, not_measured
from benchmarks.workers import Effort, Engine, Setup, Team, Turn, open_team, take_turns

TRIAL_TEXTS = 512
# Of numbers of vectors of length 1: float32 alike; half precisions differ among themselves.
TOLERANCE, HALF_TOLERANCE = 1e-5, 3e-2


def measure_speed(corpus: Corpus, effort: Effort) -> Measurement:
    """Poolhouse and sentence-transformers, each in one process and in one for each core."""
    return compare("speed", corpus, ENGINES, effort, cpu_setup(corpus))


def measure_peers(corpus: Corpus, effort: Effort) -> Measurement:
    """Poolhouse and the other engines."""
    return compare("peers", corpus, PEERS, effort, cpu_setup(corpus))


def cpu_setup(corpus: Corpus) -> Setup:
    """MiniLM on the CPU, reading as much as the corpus says."""
    return Setup(str(MODEL), corpus.max_tokens)


def compare(
    piece: str, corpus: Corpus, engines: Mapping[str, Engine], effort: Effort, setup: Setup
) -> Measurement:
    """Time the engines in turn on as many texts as the peer reads in the time asked for.

    Raises:
        NotMeasured: The corpus cannot be built here.
        ValueError: An engine's vectors are not the peer's.
    """
    everything = corpus.texts()
    with ExitStack() as stack:
        teams, missing = _open_all(stack, engines, setup)
        trial = spread(everything, TRIAL_TEXTS)
        speed = len(trial) / _try_out(teams, trial, setup.device)
        texts = spread(everything, max(TRIAL_TEXTS, round(speed * effort.round_s)))
        for team in teams.values():
            team.take(texts)
        turns = take_turns(teams, effort.rounds)
    tokens = int(np.minimum(count_tokens(texts), corpus.max_tokens or 256).sum())
    figures = [_figure(name, turns[name], turns[PEER], len(texts), tokens) for name in teams]
    return Measurement(
        piece=piece,
        corpus=corpus.name,
        about=f"{len(texts):,} {corpus.about}, {tokens:,} tokens, padding ratio "
        f"{corpus.padding_ratio(texts):.2f}; {effort.rounds} rounds, one after the other; "
        f"times faster than {PEER}, on {setup.device}.",
        figures=[*figures, *missing],
    )


def count_texts(corpus: Corpus, effort: Effort) -> int:
    """How many texts the peer reads in a round, by a short trial; not fewer than the trial's."""
    trial = spread(corpus.texts(), TRIAL_TEXTS)
    with open_team(ENGINES[PEER], cpu_setup(corpus)) as team:
        team.take(trial)
        return max(TRIAL_TEXTS, round(len(trial) / team.encode().seconds * effort.round_s))


def refuse_other_vectors(name: str, found: np.ndarray, expected: np.ndarray, most: float) -> None:
    """Raise if engines do not compute the same: their times would mean nothing."""
    difference = float(np.abs(found - expected).max()) if found.shape == expected.shape else np.inf
    if not difference <= most:
        raise ValueError(
            f"{name}: vectors differ from those of {PEER} by {difference:.1e}, more than "
            f"{most:.0e}. They do not do the same work, so they are not timed."
        )


def _open_all(
    stack: ExitStack, engines: Mapping[str, Engine], setup: Setup
) -> tuple[dict[str, Team], list[Figure]]:
    """The engines that are here, and why the others are not."""
    teams: dict[str, Team] = {}
    missing: list[Figure] = []
    for name, engine in engines.items():
        try:
            teams[name] = stack.enter_context(open_team(engine, setup))
        except NotMeasured as reason:
            missing.append(not_measured(name, str(reason)))
    return teams, missing


def _try_out(teams: Mapping[str, Team], trial: list[str], device: str) -> float:
    """Compare all vectors with the peer's; returns the seconds that the peer took."""
    most = TOLERANCE if torch.device(device).type == "cpu" else HALF_TOLERANCE
    for team in teams.values():
        team.take(trial)
    seconds = teams[PEER].encode().seconds
    expected = teams[PEER].vectors()
    for name, team in teams.items():
        if name != PEER:
            team.encode()
        refuse_other_vectors(name, team.vectors(), expected, most)
    return seconds


def _figure(name: str, turns: list[Turn], peer: list[Turn], documents: int, tokens: int) -> Figure:
    ratios = [their.seconds / our.seconds for their, our in zip(peer, turns, strict=True)]
    cores = [their.cpu_seconds / our.cpu_seconds for their, our in zip(peer, turns, strict=True)]
    seconds = float(np.median([turn.seconds for turn in turns]))
    return median_of(
        name,
        ratios,
        note=f"{documents / seconds:,.0f} documents/s, {tokens / seconds:,.0f} tokens/s; "
        f"{np.median(cores):.2f} times in seconds of cores",
    )
