"""What Prefect costs: the flow beside the same work without it, at many small tasks.

A task is made of one tiny chunk, so that what is left is the task itself; its cost beside 30 s of
work is the share that a real run pays.
"""

import argparse
import json
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.corpora import Corpus, spread
from benchmarks.prefect_server import run_python, running_server
from benchmarks.results import ROOT, Figure, Measurement, median_of
from benchmarks.workers import Effort

MODEL = ROOT / "models/splade-tiny"
TASK_S = 30.0
ROWS = 4  # of a chunk
NUM_TASKS = (10, 40, 160)
SMALL_MINUTES = 1.0  # with less, only the first two numbers of tasks
GOAL = "at most 3"


def measure(corpus: Corpus, effort: Effort) -> Measurement:
    """Seconds that a task costs beyond its work, for more and more tasks."""
    numbers = NUM_TASKS if effort.minutes >= SMALL_MINUTES else NUM_TASKS[:2]
    texts = spread(corpus.texts(), ROWS * max(numbers))
    figures: list[Figure] = []
    with running_server() as environment:
        for num_tasks in numbers:
            costs = [
                _cost_of_a_task(texts[: ROWS * num_tasks], num_tasks, environment)
                for _ in range(effort.rounds)
            ]
            shares = [100 * cost / (TASK_S + cost) for cost in costs]
            figures += [
                median_of(f"a run of {num_tasks} tasks: each costs", costs, "s"),
                median_of("  beside 30 s of work", shares, "%", goal=GOAL),
            ]
    return Measurement(
        piece="orchestration",
        corpus=corpus.name,
        about=f"Chunks of {ROWS} texts, a task each, with a BERT of two layers; the flow beside "
        f"the same functions without Prefect, {effort.rounds} rounds.",
        figures=figures,
    )


def _cost_of_a_task(texts: Sequence[str], num_tasks: int, environment: dict[str, str]) -> float:
    """Seconds of the flow beyond the plain functions, for each task."""
    with TemporaryDirectory() as folder:
        pq.write_table(pa.table({"text": list(texts)}), f"{folder}/texts.parquet")
        seconds = [
            json.loads(
                run_python("-m", "benchmarks.orchestration", folder, way, environment=environment)
                .strip()
                .splitlines()[-1]
            )
            for way in ("plain", "flow")
        ]
    return float(seconds[1] - seconds[0]) / num_tasks


def main() -> None:
    """Be the process that is timed: print the seconds of one way, without imports and loading."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.orchestration")
    parser.add_argument("folder", type=Path)
    parser.add_argument("way", choices=["plain", "flow"])
    asked = parser.parse_args()
    print(_run(asked.folder, asked.way))  # noqa: T201 - the answer to the process that asked


def _run(folder: Path, way: str) -> float:
    import tasks.pacing  # noqa: PLC0415 - importing the rooms would set how torch waits
    from data import CorpusSpec, StoreSpec  # noqa: PLC0415
    from embedding import EncoderSpec  # noqa: PLC0415
    from flows.embed_corpus import embed_corpus  # noqa: PLC0415
    from pooling import PoolingSpec  # noqa: PLC0415
    from tasks.encoders import process_encoder  # noqa: PLC0415
    from tasks.plan_corpus import EmbedRequest  # noqa: PLC0415
    from tasks.run_spec import RunSpec  # noqa: PLC0415

    tasks.pacing.TASK_S = 0.0  # one chunk a task
    request = EmbedRequest(
        corpus=CorpusSpec(name="tasks", path=str(folder / "texts.parquet")),
        encoder=EncoderSpec(model=str(MODEL), device="cpu"),
        poolings=(PoolingSpec(),),
        store=StoreSpec(path=str(folder / way)),
        run=RunSpec(chunk_rows=ROWS, runner="local"),
    )
    process_encoder(request.encoder, None)
    started = time.perf_counter()
    if way == "flow":
        embed_corpus(
            request.corpus, request.encoder, request.poolings, store=request.store, run=request.run
        )
    else:
        _run_plain(request)
    return time.perf_counter() - started


def _run_plain(request: object) -> None:
    from tasks.plan_corpus import EmbedRequest, plan_work  # noqa: PLC0415
    from tasks.publish_corpus import publish_work  # noqa: PLC0415
    from tasks.step import embed_step  # noqa: PLC0415
    from tasks.summary import Ended  # noqa: PLC0415

    assert isinstance(request, EmbedRequest)
    started_at = datetime.now(UTC)
    work = plan_work(request)
    receipts = tuple(receipt for chunk in work.chunks for receipt in embed_step(work.job, (chunk,)))
    publish_work(work, Ended(run="plain", started_at=started_at, receipts=receipts))


if __name__ == "__main__":
    main()
