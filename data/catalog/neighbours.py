"""The documents nearest to a vector, in one scan of a space. Knows the catalog and precisions."""

from collections.abc import Sequence
from pathlib import Path

import duckdb
import polars as pl

from data.sql import open_catalog, quote_name
from data.stores.store import StoreError

SHORTLIST = 10

_SPACES = """
    SELECT space, any_value(dataset) FROM spaces
    GROUP BY space ORDER BY sum(vectors) = 0, min(rowid)
"""
_PRECISION = "SELECT any_value(precision) FROM spaces WHERE space = $space"
_BY_COSINE = """
    SELECT chunk, row, array_cosine_similarity(vector, $vector::FLOAT[{dimension}]) AS similarity
    FROM {space}
    ORDER BY similarity DESC, chunk, row
    LIMIT $top
"""
_BY_BITS = """
    SELECT chunk, row, list_inner_product(
        list_transform(string_split(vector::TEXT, ''), lambda bit: bit::FLOAT * 2 - 1),
        $vector::FLOAT[]) AS similarity
    FROM (
        SELECT chunk, row, vector FROM {space}
        ORDER BY bit_count(xor(vector, $bits::BIT)), chunk, row
        LIMIT $shortlist
    )
    ORDER BY similarity DESC, chunk, row
    LIMIT $top
"""
_DOCUMENTS = """
    WITH nearest AS ({nearest})
    SELECT n.similarity, d.* EXCLUDE (chunk, text_hash, duplicate_of)
    FROM nearest n
    JOIN documents d USING (chunk, row)
    ORDER BY n.similarity DESC, d.corpus, d.file, d.row
    LIMIT $top
"""


def space_datasets(catalog: Path) -> dict[str, str]:
    """The dataset of each space, by its name in SQL, in the order of asking; empty ones last."""
    with open_catalog(catalog) as connection:
        return dict(connection.execute(_SPACES).fetchall())


def nearest_documents(catalog: Path, space: str, vector: Sequence[float], top: int) -> pl.DataFrame:
    """The nearest documents with their similarity and carried columns, the nearest first.

    The vector is one of floats, whatever the space is stored in. Similarity is the cosine. Of bits
    it is sum_i v_i s_i / sum_i |v_i| with s_i = 1 or -1, which is 1 where all signs are those of
    the vector; it orders the `SHORTLIST` * top documents with the fewest other signs.

    Raises:
        StoreError: the parts are not where the catalog says.
    """
    with open_catalog(catalog) as connection:
        (precision,) = connection.execute(_PRECISION, {"space": space}).fetchall()[0]
        ask = _ask_bits if precision == "binary" else _ask_cosine
        query, values = ask(space, vector, top)
        try:
            return connection.sql(_DOCUMENTS.format(nearest=query), params=values).pl()
        except duckdb.IOException as error:
            raise StoreError(
                f"the vectors of {space} are not where {catalog} says. If the store was moved, "
                "build its catalog anew: python -m flows.publish STORE"
            ) from error


def _ask_cosine(space: str, vector: Sequence[float], top: int) -> tuple[str, dict[str, object]]:
    query = _BY_COSINE.format(space=quote_name(space), dimension=len(vector))
    return query, {"vector": list(vector), "top": top}


def _ask_bits(space: str, vector: Sequence[float], top: int) -> tuple[str, dict[str, object]]:
    size = sum(abs(value) for value in vector)
    return _BY_BITS.format(space=quote_name(space)), {
        "vector": [value / size for value in vector],
        "bits": "".join("1" if value > 0 else "0" for value in vector),
        "shortlist": SHORTLIST * top,
        "top": top,
    }
