"""`make demo`: embed the committed sample with a real model, then ask two questions in SQL.

Knows the sample's parameters. The flow, the queries and the server are those that users have.
"""

import time
from pathlib import Path

from data import CorpusSpec, StoreSpec, read_queries, run_query
from embedding import EncoderSpec
from flows.command_line import plain_errors
from flows.console import console, print_rows
from flows.embed_corpus import RunIncomplete, embed_corpus
from flows.server import running_server
from pooling import PoolingSpec
from tasks.run_spec import RunSpec

CORPUS = CorpusSpec(
    name="wordnet",
    path="samples/wordnet12.parquet",
    id_column="id",
    carry_columns=("label", "text"),
)
ENCODER = EncoderSpec(model="models/all-MiniLM-L6-v2")
POOLINGS = (PoolingSpec(strategy="mean"), PoolingSpec(strategy="cls"))
STORE = StoreSpec(path="store")
QUESTIONS = ("Rows per space", "Nearest neighbours of one document")


def main() -> None:
    """Embed and ask; the second time there is nothing left to embed."""
    started = time.monotonic()
    with plain_errors(RunIncomplete), running_server():
        summary = embed_corpus(CORPUS, ENCODER, POOLINGS, store=STORE, run=RunSpec(chunk_rows=500))
    console.print(f"\n[bold]{summary.encoded:,} encoded[/bold], seen in {summary.catalog}:\n")
    queries = read_queries()
    for title in QUESTIONS:
        show_answer(title, queries[title], Path(summary.catalog))
    console.print(
        f"Done in {time.monotonic() - started:.0f} s. More questions: docs/sql.md; a search: "
        f"{_search_hint()}"
    )


def _search_hint() -> str:
    return f'.venv/bin/python -m flows.search {STORE.path} "a large wild cat"'


def show_answer(title: str, query: str, catalog: Path) -> None:
    """Print a query of docs/sql.md and what the catalog answers."""
    names, rows = run_query(catalog, query)
    console.print(f"[bold]{title}[/bold]")
    console.print(query.rstrip(), style="cyan", markup=False)
    print_rows(names, rows)
    console.print()


if __name__ == "__main__":
    main()
