"""Every vector in the catalog is the encoder's vector of its text, however the run was cut up.

Sizes of chunks, row groups, groups of texts and budgets are drawn by hypothesis; the texts are 60,
of 1 to 20 words, a third of them duplicates (seed 0).
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import tasks.assembly
from data import CorpusSpec, StoreSpec
from embedding import Encoder
from pooling import PoolingSpec
from tasks.encoders import process_encoder
from tasks.plan_corpus import EmbedRequest, plan_work
from tasks.publish_corpus import publish_work
from tasks.run_spec import RunSpec
from tasks.step import embed_step
from tasks.summary import Ended

TOLERANCE = 1e-6
POOLINGS = (PoolingSpec(strategy="mean"), PoolingSpec(strategy="max_min"))
WORDS = ["river", "stone", "window", "quickly", "green", "to", "walk", "seven", "unbelievable"]


def draw_texts() -> list[str]:
    generator = np.random.default_rng(0)
    texts = [" ".join(generator.choice(WORDS, generator.integers(1, 21))) for _ in range(40)]
    return [*texts, *generator.choice(texts, 20).tolist()]


TEXTS = draw_texts()


@pytest.fixture(scope="module")
def expected(tiny_encoder: Encoder) -> list[np.ndarray]:
    return [tiny_encoder.encode(TEXTS, pooling) for pooling in POOLINGS]


@pytest.fixture(scope="module", autouse=True)
def _forget_encoders() -> Iterator[None]:
    """Budgets make encoders of their own; later tests need none of them."""
    yield
    process_encoder.cache_clear()


def embed(folder: Path, encoder: Encoder, row_group: int, run: RunSpec) -> None:
    """Embed the texts, half of the file first: the rest finds some of its texts stored."""
    source = folder / "texts.parquet"
    table = pa.table({"text": TEXTS, "number": range(len(TEXTS))})
    for count in (len(TEXTS) // 2, len(TEXTS)):
        pq.write_table(table[:count], source, row_group_size=row_group)
        request = EmbedRequest(
            corpus=CorpusSpec(name="drawn", path=str(source), carry_columns=("number",)),
            encoder=encoder.spec,
            poolings=POOLINGS,
            store=StoreSpec(path=str(folder / "store")),
            run=run,
        )
        work, now = plan_work(request), datetime.now(UTC)
        receipts = tuple(embed_step(work.job, work.chunks))
        publish_work(work, Ended(run=f"run-{count}", started_at=now, receipts=receipts))


def stored(folder: Path, space: str) -> tuple[list[int], np.ndarray]:
    with duckdb.connect(str(folder / "store/catalog.duckdb"), read_only=True) as connection:
        rows = connection.execute(
            f'SELECT d.number, v.vector FROM documents d JOIN {space} v USING (chunk, "row") '
            "ORDER BY d.number"
        ).fetchall()
    return [number for number, _ in rows], np.array([vector for _, vector in rows])


@settings(
    max_examples=5,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    chunk_rows=st.integers(7, 70),
    row_group=st.integers(1, 70),
    group_rows=st.integers(1, 70),
    budget=st.sampled_from([None, 1, 30, 300]),
)
def test_every_stored_vector_is_the_encoder_s_vector_of_its_text(
    tiny_encoder: Encoder,
    expected: list[np.ndarray],
    chunk_rows: int,
    row_group: int,
    group_rows: int,
    budget: int | None,
) -> None:
    run = RunSpec(chunk_rows=chunk_rows, token_budget=budget)
    with TemporaryDirectory() as name, pytest.MonkeyPatch.context() as patch:
        patch.setattr(tasks.assembly, "GROUP_ROWS", group_rows)
        embed(Path(name), tiny_encoder, row_group, run)
        for pooling, vectors in zip(POOLINGS, expected, strict=True):
            numbers, found = stored(Path(name), f"splade_tiny_{pooling.strategy}")
            assert numbers == list(range(len(TEXTS)))
            np.testing.assert_allclose(found, vectors, rtol=0, atol=TOLERANCE)
