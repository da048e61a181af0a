"""`make demo`: embed the committed sample with a real model, label it, and ask questions in SQL.

Knows the sample's parameters. The flows, the queries and the server are those that users have.
"""

import time
from pathlib import Path

from data import (
    CorpusSpec,
    StoreSpec,
    labelers_in_force,
    open_existing_store,
    read_queries,
    run_query,
)
from embedding import EncoderSpec
from flows.command_line import plain_errors
from flows.console import console, print_rows
from flows.embed_corpus import RunIncomplete, embed_corpus
from flows.label_corpus import label_corpus
from flows.server import running_server
from flows.train_labeler import train_labeler
from pooling import PoolingSpec
from tasks.training.request import TrainingSpec

CORPUS = CorpusSpec(
    name="wordnet",
    path="samples/wordnet12.parquet",
    id_column="id",
    carry_columns=("label", "text"),
)
ENCODER = EncoderSpec(model="models/all-MiniLM-L6-v2")
POOLINGS = (PoolingSpec(strategy="mean"), PoolingSpec(strategy="cls"))
STORE = StoreSpec(path="store")
QUESTIONS = (
    "Rows per space",
    "Nearest neighbours of one document",
    "What the labelers disagree about",
)


def main() -> None:
    """Embed, train, label and ask; the second time there is nothing left but to ask."""
    started = time.monotonic()
    with plain_errors(RunIncomplete), running_server():
        summary = embed_corpus(CORPUS, ENCODER, POOLINGS, store=STORE)
        if not labelers_in_force(open_existing_store(STORE.path)):
            _train()
        night = label_corpus(CORPUS, store=STORE)
    console.print(
        f"\n[bold]{summary.encoded + night.encoded:,} encoded, {night.labelled:,} labelled"
        f"[/bold], seen in {summary.catalog}:\n"
    )
    queries = read_queries()
    for title in QUESTIONS:
        show_answer(title, queries[title], Path(summary.catalog))
    console.print(
        f"Done in {time.monotonic() - started:.0f} s. More questions: docs/sql.md; a search: "
        f"{_search_hint()}"
    )


def _train() -> None:
    """Learn the sample's labels, and put the best labeler into force."""
    train_labeler(
        CORPUS,
        "label",
        ENCODER,
        POOLINGS,
        training=TrainingSpec(promote=True),
        store=STORE,
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
