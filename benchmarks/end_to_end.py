"""From Parquet to committed Parquet, as whole commands: Poolhouse beside a plain script.

Everything counts: imports, loading the model, and all that Poolhouse does besides. Both are timed
from their start to their end; a Prefect server runs beside both.
"""

import shutil
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.corpora import MODEL, Corpus, spread
from benchmarks.prefect_server import run_python, running_server
from benchmarks.results import CACHE, Figure, Measurement, console, median_of
from benchmarks.speed import TOLERANCE, count_texts, refuse_other_vectors
from benchmarks.workers import Effort

FOLDER = CACHE / "end_to_end"
SOURCE, PLAIN, STORE = FOLDER / "texts.parquet", FOLDER / "plain.parquet", FOLDER / "store"
SCRIPT = "plain script"
GOAL = 1.12  # times the padding ratio
GOAL_FROM_MINUTES = 5
DUPLICATE_SHARE, DUPLICATES_GOAL = 0.2, 1.2


def measure(corpus: Corpus, effort: Effort) -> Measurement:
    """Different texts."""
    texts = spread(corpus.texts(), count_texts(corpus, effort))
    return _measure("end_to_end", corpus, texts, effort, factor=GOAL)


def measure_duplicates(corpus: Corpus, effort: Effort) -> Measurement:
    """A fifth of the rows repeat another one, anywhere in the corpus."""
    count = count_texts(corpus, effort)
    texts = spread(corpus.texts(), round(count * (1 - DUPLICATE_SHARE)))
    repeated = spread(texts, round(len(texts) * DUPLICATE_SHARE / (1 - DUPLICATE_SHARE)))
    rows = [*texts, *repeated]
    order = np.random.default_rng(0).permutation(len(rows))
    shuffled = [rows[row] for row in order]
    factor = GOAL * DUPLICATES_GOAL
    return _measure("duplicates", corpus, shuffled, effort, factor=factor)


def _measure(
    piece: str, corpus: Corpus, texts: Sequence[str], effort: Effort, *, factor: float
) -> Measurement:
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    ids = pa.array(range(len(texts))).cast(pa.string())
    pq.write_table(pa.table({"id": ids, "text": list(texts)}), SOURCE)
    ratio = corpus.padding_ratio(texts)
    with running_server() as environment:
        ways = _ways(corpus, environment)
        seconds = _take_turns(ways, effort.rounds)
    is_long_enough = effort.minutes >= GOAL_FROM_MINUTES  # else starting outweighs the work
    goal = f"at least {factor * ratio:.2f}" if is_long_enough else ""
    return Measurement(
        piece=piece,
        corpus=corpus.name,
        about=f"{len(texts):,} {corpus.about}, padding ratio {ratio:.2f}, {effort.rounds} rounds; "
        f"whole commands, times faster than {SCRIPT} with sentence-transformers in batches of 32.",
        figures=[_figure(name, seconds, len(texts), goal) for name in ways],
    )


def _ways(corpus: Corpus, environment: dict[str, str]) -> dict[str, Callable[[], str]]:
    script = str(Path(__file__).with_name("plain_script.py"))
    plain = [script, str(SOURCE), str(MODEL), str(PLAIN), str(corpus.max_tokens)]
    ours = _command(corpus)
    return {
        SCRIPT: lambda: run_python(*plain),
        "Poolhouse, as it comes": lambda: run_python(*ours, environment=environment),
    }


def _command(corpus: Corpus) -> list[str]:
    limit = ["--encoder.max_tokens", str(corpus.max_tokens)] if corpus.max_tokens else []
    return [
        *("-m", "flows.embed_corpus", "--corpus.name", "bench", "--corpus.path", str(SOURCE)),
        *("--corpus.id_column", "id", "--encoder.model", str(MODEL), "--encoder.device", "cpu"),
        *("--store.path", str(STORE), *limit),
    ]


def _take_turns(ways: dict[str, Callable[[], str]], rounds: int) -> dict[str, list[float]]:
    """Seconds of each command, one a round; vectors are compared in the first round."""
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for number in range(rounds):
        for name, run in ways.items():
            shutil.rmtree(STORE, ignore_errors=True)
            started = time.perf_counter()
            run()
            seconds[name].append(time.perf_counter() - started)
            if number == 0 and name != SCRIPT:
                _compare_vectors(name)
        taken = ", ".join(f"{each[-1]:.1f} s" for each in seconds.values())
        console.print(f"  round of {taken}", style="dim")
    return seconds


def _compare_vectors(name: str) -> None:
    with duckdb.connect(str(STORE / "catalog.duckdb"), read_only=True) as catalog:
        ((view,),) = catalog.execute(
            "SELECT view_name FROM duckdb_views() WHERE view_name LIKE 'all_minilm%'"
        ).fetchall()
        found = catalog.sql(f'SELECT doc_id AS id, vector FROM "{view}"').to_arrow_table()
    expected = pq.read_table(PLAIN)
    refuse_other_vectors(name, _in_order(found), _in_order(expected), TOLERANCE)


def _in_order(table: pa.Table) -> np.ndarray:
    """The vectors by their document's number."""
    order = np.argsort(table["id"].to_numpy().astype(np.int64))
    vectors = table["vector"].combine_chunks()
    return np.asarray(vectors.flatten().to_numpy()).reshape(len(order), -1)[order]


def _figure(name: str, seconds: dict[str, list[float]], count: int, goal: str) -> Figure:
    ratios = [plain / ours for plain, ours in zip(seconds[SCRIPT], seconds[name], strict=True)]
    middle = float(np.median(seconds[name]))
    note = f"{middle:.0f} s, {count / middle:,.0f} documents/s"
    return median_of(name, ratios, note=note, goal="" if name == SCRIPT else goal)
