"""The corpus as its owner describes it, and the files behind that description.

Knows where files are and which of them count. Does not open them: data/sources/source_file.py does.
"""

import re
from dataclasses import dataclass
from functools import cache
from pathlib import PurePosixPath
from typing import Annotated

import fsspec
from fsspec.implementations.local import LocalFileSystem
from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from data.paths import PlainPath
from data.stores.store import STORE_FOLDERS, STORE_JSON

# The columns of the documents table; a carried column of the same name would shadow one of them.
RESERVED_COLUMNS = frozenset(
    {"corpus", "chunk", "row", "doc_id", "file", "text_hash", "duplicate_of"}
)
_SUFFIXES: tuple[str, ...] = (".parquet", ".parq", ".pq")
_ANY_SUFFIX: tuple[str, ...] = ("",)
_WILDCARD = r"[*?\[]"

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


@dataclass(frozen=True, slots=True)
class ListedFiles:
    """The files of a corpus, by full path in order, and what was passed over."""

    filesystem: fsspec.AbstractFileSystem
    root: str
    paths: tuple[str, ...]
    passed_over: tuple[str, ...]

    def relative(self, path: str) -> str:
        """The path below the root: how a file is named in the store, wherever the root moves."""
        return path[len(self.root) :].lstrip("/")

    def is_hidden(self, path: str) -> bool:
        """Whether a name below the root starts with `_` or `.`, as those of unfinished files do."""
        return any(part.startswith(("_", ".")) for part in PurePosixPath(self.relative(path)).parts)


def list_files(path: str) -> ListedFiles:
    """The corpus files behind a path, sorted.

    A folder gives its Parquet files, by suffix, and a glob what it matches, both without names that
    start with `_` or `.`; one file that is named counts whatever its name.

    Raises:
        ValueError: nothing matched, or the URL cannot be opened.
    """
    filesystem, full = _open_filesystem(path)
    full = full.rstrip("/") or "/"
    if re.search(_WILDCARD, full) and not filesystem.exists(full):
        root, named = _fixed_part(full), [str(name) for name in filesystem.glob(full)]
    elif filesystem.exists(full):
        root, named = full if filesystem.isdir(full) else _joined(full.split("/")[:-1]), [full]
    else:
        raise ValueError(f"corpus path {path!r}: there is no such file or folder. Set corpus.path.")
    found = {name: _ANY_SUFFIX for name in named if filesystem.isfile(name)}
    for folder in set(named) - set(found):
        found |= dict.fromkeys(filesystem.find(folder), _SUFFIXES)
    found = _without_stores(found, filesystem, root)
    listed = ListedFiles(filesystem, root, (), ())
    paths = tuple(
        name
        for name, suffixes in sorted(found.items())
        if name == full or (name.lower().endswith(suffixes) and not listed.is_hidden(name))
    )
    passed_over = tuple(
        printable(listed.relative(name)) for name in sorted(set(found) - set(paths))
    )
    if not paths:
        seen = f"found only {list(passed_over[:5])}" if passed_over else "found nothing"
        raise ValueError(
            f"corpus path {path!r}: no Parquet file matched; {seen}. Set corpus.path to Parquet "
            "files; names that start with '_' or '.' are skipped."
        )
    return ListedFiles(filesystem, root, paths, passed_over)


def _without_stores(
    found: dict[str, tuple[str, ...]], filesystem: fsspec.AbstractFileSystem, root: str
) -> dict[str, tuple[str, ...]]:
    """A store may lie inside the folder that it is made from: its own files are no corpus.

    The file that marks a store is looked for, since a glob need not match it. Nothing above the
    root counts: who names a folder inside a store wants what is there.
    """
    is_store = cache(lambda folder: bool(filesystem.exists(f"{folder}/{STORE_JSON}")))

    def is_inside(name: str) -> bool:
        parts = PurePosixPath(name[len(root) :].lstrip("/")).parts
        folders = (n for n, part in enumerate(parts[:-1]) if part in STORE_FOLDERS)
        return any(is_store("/".join([root.rstrip("/"), *parts[:n]])) for n in folders)

    return {name: suffixes for name, suffixes in found.items() if not is_inside(name)}


def _open_filesystem(path: str) -> tuple[fsspec.AbstractFileSystem, str]:
    try:
        filesystem, full = fsspec.core.url_to_fs(path)
    except ImportError as error:
        raise ValueError(
            f"corpus path {path!r}: {error}. Install the package that it names, such as s3fs for s3://."
        ) from error
    except ValueError as error:
        raise ValueError(f"corpus path {path!r}: {error}. Set corpus.path.") from error
    return filesystem, str(full)


def printable(name: str) -> str:
    """The name, with an escape in place of each byte that is not UTF-8, as Linux allows them."""
    return name.encode("utf-8", "backslashreplace").decode()


def is_local(filesystem: fsspec.AbstractFileSystem) -> bool:
    """Whether paths are those of this machine, which pyarrow opens by itself."""
    return isinstance(filesystem, LocalFileSystem)


def _fixed_part(pattern: str) -> str:
    """The folders of a glob before its first wildcard."""
    parts = pattern.split("/")
    return _joined(parts[: next(n for n, part in enumerate(parts) if re.search(_WILDCARD, part))])


def _joined(parts: list[str]) -> str:
    """The folder, as text: a path would make one slash of the two in https://."""
    return "/" if parts == [""] else "/".join(parts)
