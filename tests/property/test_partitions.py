"""One text has one vector, whatever its group, its token budget and its neighbours are.

200 texts of the sample, most of them cut to a few words, are encoded one by one, and then in 100
partitions: in another order, cut into groups elsewhere, with another budget. In 10, where weights
are learned. Seed 0.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
import torch

from embedding import Encoder
from pooling import POOLERS, FittedByName, PoolingSpec, Sizes, TextPooler

SAMPLE = Path(__file__).parents[2] / "samples/wordnet12.parquet"
TOLERANCE = 1e-6  # of vectors of length 1; of raw ones, times the largest of all components
TOLERANCES = {"gem": 1e-3}  # where powers cancel, its root enlarges what float32 loses
NUM_TEXTS = 200
NAMES = sorted(POOLERS.keys() - {"pooler"})  # not every model has one
FITTED = [name for name in NAMES if PoolingSpec(strategy=name).needs_weights]
PLAIN = [
    PoolingSpec(strategy=name, normalize=normalize)
    for name in NAMES
    if name not in FITTED
    for normalize in (True, False)
]
POOLINGS = {100: PLAIN, 10: [PoolingSpec(strategy=name, weights=name) for name in FITTED]}


@pytest.fixture
def _one_thread() -> Iterator[None]:
    """Batches this small are slower on two threads, and far slower on a busy machine."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def draw_texts(generator: np.random.Generator) -> list[str]:
    """Texts of one or two words, and every fortieth one whole: MiniLM is slow on CPUs."""
    rows = pq.read_table(SAMPLE, columns=["text"])["text"].to_pylist()
    chosen = generator.choice(len(rows), NUM_TEXTS, replace=False)
    num_words = generator.integers(1, 3, NUM_TEXTS)
    num_words[::40] = 1_000
    return [" ".join(rows[i].split()[:n]) for i, n in zip(chosen, num_words, strict=True)]


def draw_partitions(
    generator: np.random.Generator, count: int
) -> Iterator[tuple[list[np.ndarray], int]]:
    """The rows of each group, and the token budget."""
    for _ in range(count):
        cuts = generator.choice(np.arange(1, NUM_TEXTS), generator.integers(0, 8), replace=False)
        groups = np.split(generator.permutation(NUM_TEXTS), np.sort(cuts))
        yield groups, int(2 ** generator.uniform(6, 12))


def draw_weights(encoder: Encoder) -> FittedByName:
    """For each strategy that is fitted, what it starts from with seed 0."""
    torch.manual_seed(0)
    architecture = encoder.parts.architecture
    sizes = Sizes(architecture.hidden_size, architecture.vocabulary_size)
    return {name: TextPooler(PoolingSpec(strategy=name), sizes).to_fitted() for name in FITTED}


@pytest.mark.usefixtures("_one_thread")
@pytest.mark.parametrize("num_partitions", POOLINGS)
@pytest.mark.parametrize("name", ["tiny_encoder", "minilm_encoder"])
def test_one_text_has_one_vector_in_every_partition(
    name: str, num_partitions: int, request: pytest.FixtureRequest
) -> None:
    shared: Encoder = request.getfixturevalue(name)
    poolings, fitted = POOLINGS[num_partitions], draw_weights(shared)
    generator = np.random.default_rng(0)
    texts = draw_texts(generator)

    def encode(encoder: Encoder, groups: list[np.ndarray]) -> list[np.ndarray]:
        """The vectors of each pooling, in the order of the texts."""
        given = [[texts[i] for i in group] for group in groups]
        found = list(encoder.encode_groups(given, poolings, fitted))
        back = np.argsort(np.concatenate(groups))
        return [np.concatenate([r.vectors[i] for r in found])[back] for i in range(len(poolings))]

    alone = encode(shared, [np.array([i]) for i in range(NUM_TEXTS)])
    largest = max(np.abs(vectors).max() for vectors in alone)
    scales = [1.0 if pooling.normalize else largest for pooling in poolings]
    worst = np.zeros(len(poolings))
    for groups, budget in draw_partitions(generator, num_partitions):
        encoder = Encoder(shared.spec, shared.identity, parts=shared.parts, token_budget=budget)
        found = encode(encoder, groups)
        apart = [np.abs(f - a).max() / s for f, a, s in zip(found, alone, scales, strict=True)]
        worst = np.maximum(worst, apart)
    allowed = [TOLERANCES.get(pooling.strategy, TOLERANCE) for pooling in poolings]
    assert (worst <= allowed).all(), dict(zip(map(str, poolings), worst, strict=True))
