"""The rows of a space in SQL against its Parquet sources: what is lost, doubled or strange.

Vectors are arithmetic here, so the sources alone tell which one a row must have.
"""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from data import Dataset
from data.sql import open_catalog
from tests.commits import vector_of


@dataclass(frozen=True)
class Account:
    """Rows of a space against the rows of its corpus; only `found` may be more than 0."""

    found: int
    lost: int
    doubled: int
    strange: int

    @property
    def is_good(self) -> bool:
        """Every input row is there, once, and nothing else is."""
        return self.found > 0 and not (self.lost or self.doubled or self.strange)


_PLANNED = """
    SELECT parse_filename(filename) AS file, file_row_number AS row, text
    FROM read_parquet($files, filename = true, file_row_number = true)
"""
_FOUND = """
    SELECT d.file, d.row, v.vector::FLOAT[] FROM {space} v JOIN documents d USING (chunk, row)
    UNION ALL SELECT file, row, NULL FROM rejects WHERE space IS NULL OR space = $space
"""


def account(catalog: Path, sources: Path, space: Dataset) -> Account:
    """Compare a space in SQL with its Parquet sources, which lie in one folder."""
    files = [str(path) for path in sorted(sources.glob("*.parquet"))]
    with open_catalog(catalog.resolve()) as connection:
        planned = connection.execute(_PLANNED, {"files": files}).fetchall()
        query = _FOUND.format(space=space.slug)
        found = connection.execute(query, {"space": space.slug}).fetchall()
    expected = {
        (file, row): tuple(vector_of(text)) if text and text.strip() else None
        for file, row, text in planned
    }
    counts = Counter((file, row) for file, row, _ in found)
    return Account(
        found=len(found),
        lost=len(expected.keys() - counts.keys()),
        doubled=sum(count > 1 for count in counts.values()),
        strange=sum(
            (file, row) not in expected or expected[file, row] != (vector and tuple(vector))
            for file, row, vector in found
        ),
    )
