"""The queries of docs/sql.md, read from the page itself, so that what it shows is what runs.

Knows headings and fenced SQL. A query is named by the heading above it.
"""

import re
from pathlib import Path

from data.sql import open_catalog

QUERIES_PAGE = Path(__file__).parents[2] / "docs" / "sql.md"
_SECTION = re.compile(
    r"^## (?P<title>.+?)\n.*?^```sql\n(?P<query>.+?)^```", re.MULTILINE | re.DOTALL
)


def read_queries(page: Path = QUERIES_PAGE) -> dict[str, str]:
    """Each query of the page by its heading, in the page's order."""
    return {found["title"]: found["query"] for found in _SECTION.finditer(page.read_text())}


def run_query(catalog: Path, query: str) -> tuple[list[str], list[tuple[object, ...]]]:
    """The column names and rows of one query on a catalog, opened read-only."""
    with open_catalog(catalog) as connection:
        found = connection.execute(query)
        return [column[0] for column in found.description or []], found.fetchall()
