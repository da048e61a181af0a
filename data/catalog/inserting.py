"""Rows put into a table of a catalog by the names of their columns. Knows no table."""

import json
from collections.abc import Mapping, Sequence

import duckdb
import pyarrow as pa

from data.sql import quote_name


def insert_rows(
    connection: duckdb.DuckDBPyConnection, table: str, rows: Sequence[Mapping[str, object]]
) -> None:
    """Add rows by column name; nested values go in as JSON or lists, as the column has it."""
    if rows:
        plain = [
            {k: json.dumps(v) if isinstance(v, dict) else v for k, v in row.items()} for row in rows
        ]
        names = ", ".join(quote_name(name) for name in plain[0])
        connection.register("added", pa.Table.from_pylist(plain))
        connection.execute(f"INSERT INTO {table} ({names}) SELECT {names} FROM added")
        connection.unregister("added")
