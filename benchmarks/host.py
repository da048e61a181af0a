"""What the host does around the model, alone: the forward pass is replaced by ready states.

Knows what to replace. Rates are for one core: tokens for each second that the process computed.
"""

import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import torch

from benchmarks.corpora import MODEL, MODEL_TOKENS, Corpus, count_tokens, spread
from benchmarks.results import Measurement, median_of
from benchmarks.workers import Effort
from data import CorpusSpec, StoreSpec
from embedding import EncoderSpec, load_encoder
from embedding.batches import PackedBatch
from embedding.device import TOKEN_BUDGETS
from embedding.model import ForwardPass, Transformer
from pooling import PoolingSpec
from tasks.encoders import process_encoder
from tasks.plan_corpus import EmbedRequest, plan_work
from tasks.run_spec import RunSpec
from tasks.step import embed_step

TEXTS = 20_000
CHUNKS, CHUNK_TEXTS = 16, 2_500
BUDGET = TOKEN_BUDGETS["cuda"]
GROUP = 8_192
GOALS = {"short": "at least 0.4", "mixed": "at least 0.55"}
SPEC = EncoderSpec(model=str(MODEL), device="cpu")


def measure(corpus: Corpus, effort: Effort) -> Measurement:
    """Rates of the host path, and how much of it happens while the device works."""
    torch.set_num_threads(1)
    texts = spread(corpus.texts(), min(TEXTS, round(TEXTS * effort.minutes)))
    tokens = int(np.minimum(count_tokens(texts), MODEL_TOKENS).sum())
    with patch.dict(os.environ, {"TOKENIZERS_PARALLELISM": "false"}):
        pooled = [_rate(texts, tokens) for _ in range(effort.rounds)]
        with patch("embedding.pooled_texts.pool_batch", _pool_nothing):
            bare = [_rate(texts, tokens) for _ in range(effort.rounds)]
    several = spread(corpus.texts(), round(CHUNKS * CHUNK_TEXTS * min(1, effort.minutes)))
    overlaps = [_overlap(several) for _ in range(effort.rounds)]
    goal = GOALS.get(corpus.name, "")
    return Measurement(
        piece="host",
        corpus=corpus.name,
        about=f"{len(texts):,} {corpus.about}, {tokens:,} tokens, {effort.rounds} rounds; the "
        "forward pass is replaced.",
        figures=[
            median_of("tokens, with pooling on the CPU", pooled, "M/s of a core"),
            median_of("tokens, pooling replaced too", bare, "M/s of a core", goal=goal),
            median_of(
                "a chunk whose device sleeps as long as the host works, beside either alone",
                overlaps,
                goal="at most 1.15",
            ),
        ],
    )


def _rate(texts: Sequence[str], tokens: int) -> float:
    """Millions of tokens for each second of a core."""
    encoder = load_encoder(SPEC)
    groups = [texts[start : start + GROUP] for start in range(0, len(texts), GROUP)]
    with _ready_states():
        started = time.process_time()
        for _ in encoder.encode_groups(groups, [PoolingSpec()]):
            pass
        return tokens / (time.process_time() - started) / 1e6


def _overlap(texts: Sequence[str]) -> float:
    """Wall time of a chunk whose device sleeps, two at once, over that of the host, one at a time.

    Two at once is what runs beside a GPU. What the device does is sleep: forward, pooling and copy.
    """
    process_encoder(SPEC, BUDGET)  # loaded and tried out before its forward is replaced
    calls = _Calls()
    with (
        TemporaryDirectory() as folder,
        patch("embedding.pooled_texts.pool_batch", calls.pool),
    ):
        alone = min(_embed_chunks(Path(folder) / str(n), texts) for n in range(2))
        calls.sleep_s = alone * CHUNKS / (calls.count // 2)
        with patch("tasks.step.chunks_at_once", lambda _: 2):
            together = _embed_chunks(Path(folder) / "sleeping", texts)
    return together / alone


def _embed_chunks(folder: Path, texts: Sequence[str]) -> float:
    """Seconds of the step for each chunk, from its rows to its records, once two are under way."""
    folder.mkdir()
    pq.write_table(pa.table({"text": list(texts)}), folder / "texts.parquet")
    request = EmbedRequest(
        corpus=CorpusSpec(name="host", path=str(folder / "texts.parquet")),
        encoder=SPEC,
        poolings=(PoolingSpec(),),
        run=RunSpec(chunk_rows=-(-len(texts) // CHUNKS), token_budget=BUDGET),
        store=StoreSpec(path=str(folder / "store")),
    )
    work = plan_work(request)
    _, _, *receipts = embed_step(work.job, work.chunks)
    return sum(receipt.seconds for receipt in receipts) / len(receipts)


class _Calls:
    """How often the device was called, and how long each call sleeps."""

    count = 0
    sleep_s = 0.0

    def pool(
        self, _: Transformer, batch: PackedBatch, plans: Sequence[Any]
    ) -> list[tuple[np.ndarray, np.ndarray]]:
        self.count += 1
        time.sleep(self.sleep_s)
        return _pool_nothing(_, batch, plans)


@contextmanager
def _ready_states() -> Iterator[None]:
    """While the block lasts, a forward pass gives states that were made before."""
    states = torch.randn(65_536, 384)

    def forward(
        _: Transformer, batch: PackedBatch, layers: Sequence[int], **__: Any
    ) -> ForwardPass:
        return ForwardPass({layer: states[: len(batch.ids)] for layer in layers}, None)

    with patch.object(Transformer, "forward", forward):
        yield


def _pool_nothing(
    _: Transformer, batch: PackedBatch, plans: Sequence[Any]
) -> list[tuple[np.ndarray, np.ndarray]]:
    size = len(batch.rows)
    return [(plan.room_for(size), np.zeros(size, np.bool_)) for plan in plans]
