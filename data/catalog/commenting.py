"""The explanations of a catalog's tables and views, put where a person who opens it finds them.

Knows COMMENT ON. The words are in data/catalog/comments.py and its neighbours.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import duckdb

from data.catalog.comments import CARRIED_COLUMN, COLUMNS, SPACE_COLUMNS, TABLES
from data.catalog.label_comments import LABEL_TABLE_COLUMNS, LABEL_TABLES
from data.catalog.label_view_comments import LABEL_VIEW_COLUMNS, LABEL_VIEWS
from data.sql import quote_name, quote_text


def explain(connection: duckdb.DuckDBPyConnection, spaces: Mapping[str, str]) -> None:
    """Say of every table, view and column what it means; `spaces` says it of the spaces' views."""
    carried = dict.fromkeys(_carried_columns(connection), CARRIED_COLUMN)
    columns = COLUMNS | {"documents": COLUMNS["documents"] | carried}
    with _transaction(connection):
        _explain_all(connection, "TABLE", TABLES | LABEL_TABLES, columns | LABEL_TABLE_COLUMNS)
        _explain_all(connection, "VIEW", LABEL_VIEWS, LABEL_VIEW_COLUMNS)
        _explain_all(connection, "VIEW", spaces, dict.fromkeys(spaces, SPACE_COLUMNS))


@contextmanager
def _transaction(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """All at once: hundreds of statements would be synced to disk one by one."""
    connection.begin()
    yield
    connection.commit()


def _explain_all(
    connection: duckdb.DuckDBPyConnection,
    kind: str,
    words: Mapping[str, str],
    columns: Mapping[str, Mapping[str, str]],
) -> None:
    for name, text in words.items():
        place = quote_name(name)
        connection.execute(f"COMMENT ON {kind} {place} IS {quote_text(text)}")
        for column, meaning in columns[name].items():
            connection.execute(
                f"COMMENT ON COLUMN {place}.{quote_name(column)} IS {quote_text(meaning)}"
            )


def _carried_columns(connection: duckdb.DuckDBPyConnection) -> list[str]:
    names = [str(row[0]) for row in connection.execute("DESCRIBE documents").fetchall()]
    return [name for name in names if name not in COLUMNS["documents"]]
