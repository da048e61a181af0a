"""The documents nearest to a vector, by cosine, in one scan of a space. Knows the catalog."""

from collections.abc import Sequence
from pathlib import Path

import duckdb
import polars as pl

from data.sql import quote_name
from data.store import StoreError

_SPACES = """
    SELECT space, any_value(dataset) FROM spaces
    GROUP BY space ORDER BY sum(vectors) = 0, min(rowid)
"""
_NEAREST = """
    WITH nearest AS (
        SELECT chunk, row,
            array_cosine_similarity(vector, $vector::FLOAT[{dimension}]) AS similarity
        FROM {space}
        ORDER BY similarity DESC, chunk, row
        LIMIT $top
    )
    SELECT n.similarity, d.* EXCLUDE (chunk, text_hash, duplicate_of)
    FROM nearest n
    JOIN documents d USING (chunk, row)
    ORDER BY n.similarity DESC, d.corpus, d.file, d.row
    LIMIT $top
"""


def space_datasets(catalog: Path) -> dict[str, str]:
    """The dataset of each space, by its name in SQL, in the order of asking; empty ones last."""
    with duckdb.connect(str(catalog), read_only=True) as connection:
        return dict(connection.execute(_SPACES).fetchall())


def nearest_documents(catalog: Path, space: str, vector: Sequence[float], top: int) -> pl.DataFrame:
    """The nearest documents with their similarity and carried columns, the nearest first.

    Raises:
        StoreError: the parts are not where the catalog says.
    """
    query = _NEAREST.format(space=quote_name(space), dimension=len(vector))
    with duckdb.connect(str(catalog), read_only=True) as connection:
        values = {"vector": list(vector), "top": top}
        try:
            return connection.sql(query, params=values).pl()
        except duckdb.IOException as error:
            raise StoreError(
                f"the vectors of {space} are not where {catalog} says. If the store was moved, "
                "build its catalog anew: python -m flows.publish STORE"
            ) from error
