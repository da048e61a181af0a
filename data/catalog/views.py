"""One view per space over the Parquet parts that records name, its vectors as SQL compares them.

Knows how spaces get their names in SQL. The vectors stay in the parts: the view holds their paths.
"""

from collections import Counter

import duckdb

from data.catalog.comments import TABLES
from data.catalog.label_comments import LABEL_TABLES
from data.catalog.label_view_comments import LABEL_VIEWS
from data.lineage import Dataset
from data.records.datasets import load_dataset
from data.records.seals import Seal
from data.records.vector_sql import select_vectors
from data.sql import quote_name, read_parts_by_name
from data.stores.store import OpenStore

_EMPTY_VECTORS = """
    SELECT NULL::TEXT AS chunk, NULL::BIGINT AS row, NULL::TEXT AS doc_id, NULL::BLOB AS text_hash,
        NULL::INTEGER AS n_tokens, NULL::INTEGER AS n_unknown, NULL::BOOLEAN AS truncated,
        NULL::INTEGER AS n_windows, NULL::{vector} AS vector
    WHERE false
"""
_PARTS = """
    SELECT DISTINCT part FROM chunks WHERE dataset = $dataset AND part IS NOT NULL ORDER BY part
"""


def create_views(
    connection: duckdb.DuckDBPyConnection, store: OpenStore, seal: Seal
) -> dict[str, str]:
    """One view per space, over all of its parts; returns each view's explanation."""
    explained = {}
    for dataset, view in space_names(store, seal).items():
        known = load_dataset(store, dataset)
        parts = connection.execute(_PARTS, {"dataset": dataset}).fetchall()
        paths = [store.location(part) for (part,) in parts]
        source = _all_parts(connection, paths) if paths else _no_parts(known)
        query = select_vectors(store, known, source)
        connection.execute(f"CREATE VIEW {quote_name(view)} AS {query}")
        explained[view] = (
            f"Vectors of {model_of(known)}, {known.dimension} long, stored in {known.precision}; "
            "see the table spaces."
        )
    return explained


def space_names(store: OpenStore, seal: Seal) -> dict[str, str]:
    """The view of each space: its slug, or slug and fingerprint where two share a slug."""
    datasets = dict.fromkeys(space for corpus in seal.corpora.values() for space in corpus.spaces)
    slugs = {dataset: load_dataset(store, dataset).slug for dataset in datasets}
    taken = Counter([*slugs.values(), *TABLES, *LABEL_TABLES, *LABEL_VIEWS])
    return {
        dataset: slug if taken[slug] == 1 else dataset.replace("-", "_")
        for dataset, slug in slugs.items()
    }


def model_of(dataset: Dataset) -> str:
    """The model as it was first given."""
    return dataset.provenance.model if dataset.provenance else ""


def _all_parts(connection: duckdb.DuckDBPyConnection, paths: list[str]) -> str:
    """Parts of before `n_unknown` was kept have null there, also where no part has it."""
    source = read_parts_by_name(paths)
    columns = connection.execute(f"SELECT * FROM {source} LIMIT 0").description
    if any(name == "n_unknown" for name, *_ in columns):
        return source
    return f"(SELECT *, NULL::INTEGER AS n_unknown FROM {source})"


def _no_parts(space: Dataset) -> str:
    are_bytes = space.precision in ("int8", "binary")
    return f"({_EMPTY_VECTORS.format(vector='BLOB' if are_bytes else 'FLOAT[]')})"
