"""Corpora and stores made in a few lines, and what is asked of them."""

from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from data import (
    CorpusSpec,
    Dataset,
    LocalStore,
    Plan,
    SealOutcome,
    SealRequest,
    StoreSpec,
    make_plan,
    newest_catalog,
    newest_seal,
    open_store,
    publish_catalog,
    resolve_dataset,
    save_plan,
    seal_corpus,
)
from tests.commits import commit_documents, commit_space, documents_of


def write_texts(path: Path, texts: Any, row_group_size: int | None = None, **columns: Any) -> Path:
    """A Parquet file with a column `text` and the columns given."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table({"text": texts, **columns}), path, row_group_size=row_group_size)
    return path


def raw(values: list[bytes | None]) -> pa.Array:
    """Bytes in a text column, as a careless writer leaves them."""
    valid, offsets, content = pa.array(values, pa.binary()).buffers()
    return pa.Array.from_buffers(pa.string(), len(values), [valid, offsets, content])


def tiny_store(folder: Path) -> LocalStore:
    return open_store(StoreSpec(path=str(folder)))


def list_corpus(store: LocalStore, corpus: CorpusSpec, chunk_rows: int = 1_000) -> Plan:
    plan = make_plan(corpus, chunk_rows=chunk_rows, chunk_bytes=1 << 25)
    save_plan(store, plan)
    return plan


def seal(
    store: LocalStore, plan: Plan, *spaces: Dataset, seal_before: int | None = None
) -> SealOutcome:
    """Seal what is committed, as a run does that began after the newest seal or that number."""
    newest = newest_seal(store)
    if seal_before is None:
        seal_before = newest.number if newest else 0
    request = SealRequest(
        corpus=plan.corpus.name,
        plan=plan.name,
        seal_before=seal_before,
        documents=documents_of(store, plan).name,
        spaces=tuple(resolve_dataset(store, each).name for each in spaces),
        run="by-hand",
    )
    return seal_corpus(store, request)


def embed(store: LocalStore, corpus: CorpusSpec, *spaces: Dataset, chunk_rows: int = 1_000) -> Plan:
    """A whole run over a corpus: listed, committed, sealed and published."""
    plan = list_corpus(store, corpus, chunk_rows)
    commit_documents(store, plan)
    for each in spaces:
        commit_space(store, plan, each)
    seal(store, plan, *spaces)
    publish_catalog(store)
    return plan


def ask(store: LocalStore, query: str, **values: Any) -> list[Any]:
    """The rows of a query on the newest catalog; bare values where there is one column."""
    catalog = newest_catalog(store)
    assert catalog is not None
    with duckdb.connect(str(catalog), read_only=True) as connection:
        rows = connection.execute(query, values or None).fetchall()
    return [row[0] if len(row) == 1 else row for row in rows]


def corpus_of(path: Path | str, name: str = "notes", **spec: Any) -> CorpusSpec:
    return CorpusSpec(name=name, path=str(path), **spec)


def files_below(folder: Path) -> set[str]:
    """Relative paths of all files, symlinks included."""
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if not path.is_dir()}


def contents(folder: Path) -> dict[str, bytes]:
    """Every file's bytes, but for catalogs."""
    names = {name for name in files_below(folder) if not name.startswith("catalog")}
    return {name: (folder / name).read_bytes() for name in names}
