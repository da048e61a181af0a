"""What smaller vectors cost and find: `python -m benchmarks.precision`; bytes, neighbours, time.

Embeds the committed sample in every precision, and asks each space for the documents nearest to
vectors of floats, as flows.search does. Neighbours are those of the float32 vectors themselves.
"""

import statistics
import time
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
import numpy as np
from rich.table import Table

from benchmarks.corpora import SAMPLE
from data import CorpusSpec, StoreSpec, nearest_documents
from embedding import EncoderSpec
from flows.console import console
from pooling import PoolingSpec
from tasks.fit_ranges import RangesRequest, fit
from tasks.plan_corpus import EmbedRequest, plan_work
from tasks.publish_corpus import publish_work
from tasks.step import embed_step
from tasks.summary import Ended

MODEL = "models/all-MiniLM-L6-v2"
QUERIES, TOP = 50, 10
_SPACES = """
    SELECT s.precision, any_value(s.space), sum(c.size_bytes) / sum(c.rows)
    FROM spaces s JOIN chunks c USING (corpus, dataset) GROUP BY ALL ORDER BY ALL DESC
"""
_FLOATS = """
    SELECT d.doc_id, v.vector FROM {space} v JOIN documents d USING (chunk, row) ORDER BY d.row
"""


def main() -> None:
    """Embed, ask, and print one line a precision."""
    with TemporaryDirectory() as folder:
        catalog = _embed(Path(folder))
        with duckdb.connect(str(catalog), read_only=True) as connection:
            spaces = connection.execute(_SPACES).fetchall()
            floats = next(space for precision, space, _ in spaces if precision == "float32")
            rows = connection.execute(_FLOATS.format(space=floats)).fetchall()
        names = [name for name, _ in rows]
        vectors = np.array([vector for _, vector in rows], np.float32)
        table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
        for column in ("precision", "bytes a row", f"of {TOP} nearest found", "ms a search"):
            table.add_column(column)
        for precision, space, size_bytes in spaces:
            found, seconds = _ask(catalog, space, names, vectors)
            table.add_row(precision, f"{size_bytes:,.0f}", f"{found:.2f}", f"{1000 * seconds:.0f}")
        console.print(table)
        console.print(f"{len(names):,} WordNet glosses, {QUERIES} of them as queries.")


def _embed(folder: Path) -> Path:
    corpus, encoder = (
        CorpusSpec(name="wordnet", path=str(SAMPLE), id_column="id"),
        EncoderSpec(model=MODEL),
    )
    store = StoreSpec(path=str(folder / "store"))
    int8 = fit(RangesRequest(corpus=corpus, encoder=encoder, pooling=PoolingSpec(), store=store))
    poolings = (
        PoolingSpec(),
        PoolingSpec(precision="float16"),
        int8.pooling,
        PoolingSpec(precision="binary"),
    )
    request = EmbedRequest(corpus=corpus, encoder=encoder, poolings=poolings, store=store)
    work, now = plan_work(request), datetime.now(UTC)
    receipts = tuple(embed_step(work.job, work.chunks))
    publish_work(work, Ended(run="benchmark", started_at=now, receipts=receipts))
    return folder / "store" / "catalog.duckdb"


def _ask(catalog: Path, space: str, names: list[str], vectors: np.ndarray) -> tuple[float, float]:
    """How many of the nearest were found, on average, and the median seconds of a search."""
    counts, seconds = [], []
    for row in np.random.default_rng(0).choice(len(vectors), QUERIES, replace=False):
        nearest = np.argsort(-(vectors @ vectors[row]), kind="stable")[:TOP]
        started = time.perf_counter()
        found = nearest_documents(catalog, space, vectors[row].tolist(), TOP)
        seconds.append(time.perf_counter() - started)
        counts.append(len({names[n] for n in nearest} & set(found["doc_id"])))
    return statistics.mean(counts), statistics.median(seconds)


if __name__ == "__main__":
    main()
