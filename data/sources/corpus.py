"""The corpus as its owner describes it.

Knows what makes no sense, and looks at no file: data/sources/listing.py finds those behind a path.
"""

from typing import Annotated

import fsspec
from fsspec.implementations.local import LocalFileSystem
from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from data.paths import PlainPath

# The columns of the documents table; a carried column of the same name would shadow one of them.
RESERVED_COLUMNS = frozenset(
    {"corpus", "chunk", "row", "doc_id", "file", "text_hash", "duplicate_of"}
)

ColumnName = Annotated[str, Field(min_length=1)]


class CorpusSpec(BaseModel):
    """What to read."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    name: str = Field(
        description="Name of the corpus in the store and in SQL: lower-case letters, digits, "
        "hyphens and underscores.",
        pattern=r"^[a-z0-9][a-z0-9_-]{0,62}$",
    )
    path: PlainPath = Field(
        min_length=1,
        description="Parquet to read: a file, a folder (with its subfolders), a glob such as "
        "'texts/2026-*.parquet', or an fsspec URL such as s3://bucket/texts.",
    )
    text_columns: tuple[ColumnName, ...] = Field(
        default=("text",),
        min_length=1,
        description="The column that holds the text, or several to be joined into one text.",
    )
    separator: str = Field(
        default="\n",
        description="What stands between the parts when several text columns are joined, by "
        "default a line break. A null part is left out.",
    )
    id_column: ColumnName | None = Field(
        default=None,
        description="Column that names each document. Without one, and where it is null, the name "
        "is file and row, such as part-3.parquet#17.",
    )
    carry_columns: tuple[ColumnName, ...] = Field(
        default=(),
        description="Columns to copy beside the results: dates, labels, the text itself, or the "
        "keys of a Hive-partitioned folder.",
    )
    limit: int | None = Field(
        default=None, ge=1, description="Read only the first so many rows: for a first try."
    )

    @field_validator("text_columns")
    @classmethod
    def _no_column_twice(cls, columns: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(columns)) < len(columns):
            raise ValueError(f"a column is named twice in {list(columns)}. Name each once.")
        return columns

    @field_validator("carry_columns")
    @classmethod
    def _no_column_twice_in_sql(cls, columns: tuple[str, ...]) -> tuple[str, ...]:
        if len({name.lower() for name in columns}) < len(columns):
            raise ValueError(
                f"a column is named twice in {list(columns)}, where SQL takes upper and lower case "
                "as one. Name each once."
            )
        return columns

    @model_validator(mode="after")
    def _carried_columns_have_names_of_their_own(self) -> "CorpusSpec":
        taken = sorted({name.lower() for name in self.carry_columns} & RESERVED_COLUMNS)
        if taken:
            raise ValueError(
                f"carry_columns has {taken}, which the documents table uses itself. Rename these "
                "columns in the source, or leave them out."
            )
        return self


def is_local(filesystem: fsspec.AbstractFileSystem) -> bool:
    """Whether paths are those of this machine, which pyarrow opens by itself."""
    return isinstance(filesystem, LocalFileSystem)
