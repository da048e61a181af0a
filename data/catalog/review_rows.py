"""Documents for people to look at, as the newest catalog shows them, and what is known of texts.

Knows the catalog's view of reviews. What people say of them is kept by data/labels/reviews.py.
"""

from pathlib import Path

import pyarrow as pa

from data.sql import open_catalog

_REVIEW = """
    SELECT corpus, chunk, row, doc_id, hex(text_hash) AS text_hash, labeler, version, reason,
        detail, score, label AS predicted, labels AS predicted_labels, text
    FROM review
    WHERE $labeler IS NULL OR labeler = $labeler
    ORDER BY labeler, reason, score, corpus, chunk, row
"""


def rows_to_review(catalog: Path, labeler: str | None) -> pa.Table:
    """The rows of the view review, of one labeler or all; the least sure first, audit before."""
    with open_catalog(catalog) as connection:
        return connection.execute(_REVIEW, {"labeler": labeler}).to_arrow_table()


def known_texts(catalog: Path, hashes: pa.Array) -> set[str]:
    """Those of the hashes, in hex, that a document of the catalog has now."""
    with open_catalog(catalog) as connection:
        connection.register("asked", pa.table({"text_hash": hashes}))
        found = connection.execute(
            "SELECT text_hash FROM asked SEMI JOIN "
            "(SELECT hex(text_hash) AS text_hash FROM documents) USING (text_hash)"
        ).fetchall()
    return {str(text_hash) for (text_hash,) in found}
