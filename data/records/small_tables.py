"""Tables that are created whole, as small files: brought into their schema, and made bytes.

Knows columns and Parquet. Does not know what the tables mean.
"""

import io

import pyarrow as pa
import pyarrow.parquet as pq

from data.schemas import dictionary_columns, encodings


def as_schema(table: pa.Table, schema: pa.Schema, what: str) -> pa.Table:
    """The table with the columns of the schema, in their order; what may be null may be missing.

    Raises:
        ValueError: a column is missing, or cannot be cast.
    """
    missing = [f.name for f in schema if f.name not in table.column_names and not f.nullable]
    if missing:
        raise ValueError(f"{what}: no column {missing}; found {table.column_names}. Add them.")
    columns = [
        table[field.name] if field.name in table.column_names else _nulls(table, field)
        for field in schema
    ]
    try:
        return pa.table(columns, names=schema.names).cast(schema)
    except (pa.ArrowException, ValueError) as error:
        raise ValueError(f"{what}: its columns cannot be kept ({error}). Give {schema}.") from error


def _nulls(table: pa.Table, field: pa.Field) -> pa.Array:
    return pa.nulls(table.num_rows, field.type)


def write_table(table: pa.Table) -> bytes:
    """The content of a Parquet file, with checksums."""
    content = io.BytesIO()
    pq.write_table(
        table,
        content,
        compression="zstd",
        use_dictionary=dictionary_columns(table.schema),
        column_encoding=encodings(table.schema) or None,
        write_page_checksum=True,
    )
    return content.getvalue()
