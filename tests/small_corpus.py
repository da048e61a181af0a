"""A small corpus with its store, and a count of the texts that really go through the model."""

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import tasks.step
from data import CorpusSpec, StoreSpec
from embedding import EncodedTexts, Encoder, EncoderSpec
from pooling import PoolingSpec
from tasks.encoders import process_encoder
from tasks.job import ChunkReceipt
from tasks.plan_corpus import EmbedRequest, Work, plan_work
from tasks.publish_corpus import publish_work
from tasks.run_spec import RunSpec
from tasks.step import embed_step
from tasks.summary import Ended, RunSummary

MEAN, CLS = PoolingSpec(strategy="mean"), PoolingSpec(strategy="cls")


class SmallCorpus:
    """Parquet files in a folder, embedded by the step itself: no Prefect, no server.

    Attributes:
        num_forwarded: Texts that the last `embed` or `step` sent through the transformer, counted
            by a hook on its forward.
    """

    def __init__(self, folder: Path, model: Path) -> None:
        self.sources, self.store = folder / "sources", folder / "store"
        self.sources.mkdir()
        self.encoder = EncoderSpec(model=str(model), device="cpu")
        self.num_forwarded = 0
        self._runs = 0

    def write(self, name: str, texts: Sequence[str | None], **columns: Any) -> Path:
        """A file of the corpus; `row_group_size` and further columns may be given."""
        options = {"row_group_size": columns.pop("row_group_size", None)}
        options |= columns.pop("options", {})
        path = self.sources / name
        path.parent.mkdir(parents=True, exist_ok=True)
        table = pa.table({"text": pa.array(texts, pa.string()), **columns})
        pq.write_table(table, path, **options)
        return path

    def request(self, **changes: Any) -> EmbedRequest:
        """Chunks of 20 rows, one mean pooling, this process; unless the changes say otherwise."""
        corpus = {"name": "small", "path": str(self.sources)} | changes.pop("corpus", {})
        return EmbedRequest(
            corpus=CorpusSpec(**corpus),
            encoder=changes.pop("encoder", self.encoder),
            poolings=changes.pop("poolings", (MEAN,)),
            store=StoreSpec(path=str(self.store)),
            run=RunSpec(**{"chunk_rows": 20, "runner": "local", **changes}),
        )

    def plan(self, **changes: Any) -> Work:
        return plan_work(self.request(**changes))

    def step(self, work: Work) -> list[ChunkReceipt]:
        self.num_forwarded = 0
        return list(embed_step(work.job, work.chunks))

    def publish(self, work: Work, receipts: Sequence[ChunkReceipt], *problems: str) -> RunSummary:
        self._runs += 1
        ended = Ended(
            run=f"run-{self._runs}",
            started_at=datetime.now(UTC),
            receipts=tuple(receipts),
            problems=problems,
        )
        return publish_work(work, ended)

    def embed(self, **changes: Any) -> RunSummary:
        """Plan, embed and publish."""
        work = self.plan(**changes)
        return self.publish(work, self.step(work))

    def ask(self, query: str) -> list[tuple[Any, ...]]:
        """What the published catalog answers."""
        with duckdb.connect(str(self.store / "catalog.duckdb"), read_only=True) as connection:
            return connection.execute(query).fetchall()

    def files(self, dataset: str, kind: str) -> set[str]:
        """Names in the folder `commits` or `parts` of a dataset."""
        return {path.name for path in (self.store / "datasets" / dataset / kind).glob("*")}


@pytest.fixture
def small(tmp_path: Path, tiny_bert: Path) -> Iterator[SmallCorpus]:
    """An empty corpus, whose encoder is the tiny trained BERT."""
    made = SmallCorpus(tmp_path, tiny_bert)

    def count(_module: Any, _args: Any, inputs: dict[str, Any], _output: Any) -> None:
        if "runs" in inputs:
            # each has one token at its second place; what fills up a batch has none
            made.num_forwarded += int((inputs["position_ids"] == 1).sum())
        else:
            made.num_forwarded += int(inputs["attention_mask"].any(dim=1).sum())

    module = process_encoder(made.encoder, None).parts.transformer.module
    hook = module.register_forward_hook(count, with_kwargs=True)
    yield made
    hook.remove()


def meet_before(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let two threads begin this function of tasks/step.py at the same time, and neither alone."""
    meeting = threading.Barrier(2)
    function = getattr(tasks.step, name)

    def together(*arguments: Any) -> Any:
        meeting.wait(timeout=60)
        return function(*arguments)

    monkeypatch.setattr(tasks.step, name, together)


def spoil(
    small: SmallCorpus,
    monkeypatch: pytest.MonkeyPatch,
    values: dict[int, float],
    *,
    pooling: int = 0,
) -> None:
    """Let the encoder give these rows of a group vectors of one value, in one of its spaces."""

    def spoiled(vectors: np.ndarray) -> np.ndarray:
        copied = vectors.copy()
        for row, value in values.items():
            copied[row] = value
        return copied

    change_vectors(small, monkeypatch, spoiled, pooling=pooling)


def change_vectors(
    small: SmallCorpus,
    monkeypatch: pytest.MonkeyPatch,
    change: Callable[[np.ndarray], np.ndarray],
    *,
    pooling: int = 0,
) -> None:
    """Let the encoder give other vectors of every group, in one of its spaces."""
    encoder = process_encoder(small.encoder, None)

    def changed(result: EncodedTexts) -> EncodedTexts:
        vectors = list(result.vectors)
        vectors[pooling] = change(vectors[pooling])
        return replace(result, vectors=tuple(vectors))

    def encode_groups(groups: Any, poolings: Any, fitted: Any) -> Any:
        return map(changed, Encoder.encode_groups(encoder, groups, poolings, fitted))

    monkeypatch.setattr(encoder, "encode_groups", encode_groups)
