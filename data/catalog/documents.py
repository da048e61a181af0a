"""The documents table of a catalog: all corpora in one, whatever columns they carry along.

Knows Parquet parts and the types that SQL finds in them. Does not know which parts count: the
table chunks says that.
"""

from collections.abc import Iterable, Mapping

import duckdb

from data.sql import quote_name, quote_text, read_parts_by_name
from data.stores.store import OpenStore

_OWN_COLUMNS = """
    SELECT NULL::TEXT AS corpus, NULL::TEXT AS chunk, NULL::BIGINT AS row, NULL::TEXT AS doc_id,
        NULL::BLOB AS text_hash, NULL::TEXT AS file, NULL::BIGINT AS duplicate_of
    WHERE false
"""
_PARTS = """
    SELECT corpus, list(part ORDER BY file, row_start) FROM chunks
    WHERE space IS NULL AND labeler IS NULL AND part IS NOT NULL GROUP BY corpus ORDER BY corpus
"""
_NUMBERS = (
    *("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "FLOAT", "DOUBLE", "DECIMAL("),
    *("UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT", "UHUGEINT"),
)


def create_documents(connection: duckdb.DuckDBPyConnection, store: OpenStore) -> None:
    """One row per document; a carried column that a corpus lacks is null there.

    Where corpora carry different things under one name, the column is text.
    """
    sources = {
        corpus: read_parts_by_name(store.location(part) for part in parts)
        for corpus, parts in connection.execute(_PARTS).fetchall()
    }
    columns = {corpus: _columns(connection, source) for corpus, source in sources.items()}
    mixed = _mixed(columns.values())
    selects = [_OWN_COLUMNS]
    for corpus, source in sources.items():
        named = ", ".join(_named(name, mixed) for name in columns[corpus])
        selects.append(f"SELECT {quote_text(corpus)} AS corpus, {named} FROM {source}")
    connection.execute("CREATE TABLE documents AS " + " UNION ALL BY NAME ".join(selects))


def _columns(connection: duckdb.DuckDBPyConnection, source: str) -> dict[str, str]:
    """The columns that SQL finds there, with their types."""
    found = connection.execute(f"DESCRIBE SELECT * FROM {source}").fetchall()
    return {str(name): str(kind) for name, kind, *_ in found}


def _mixed(columns: Iterable[Mapping[str, str]]) -> set[str]:
    """Lower-case names of the columns whose types SQL cannot be trusted to join."""
    kinds: dict[str, set[str]] = {}
    for each in columns:
        for name, kind in each.items():
            kinds.setdefault(name.lower(), set()).add(kind)
    return {
        name
        for name, found in kinds.items()
        if len(found) > 1 and not all(_is_number(kind) for kind in found)
    }


def _is_number(kind: str) -> bool:
    return kind.startswith(_NUMBERS) and not kind.endswith("]")


def _named(name: str, mixed: set[str]) -> str:
    quoted = quote_name(name)
    return f"{quoted}::TEXT AS {quoted}" if name.lower() in mixed else quoted
