"""One Parquet file of a corpus: its identity, its schema, and the sizes of its row groups.

Knows footers and what file systems tell of a file. Does not read rows: data/sources/spans.py does.
"""

import hashlib
import os
from pathlib import PurePosixPath
from urllib.parse import unquote

import fsspec
import pyarrow as pa
from pydantic import BaseModel, ConfigDict

from data.sources.columns import plain_type
from data.sources.corpus import CorpusSpec, is_local
from data.sources.parquet_file import (
    RowGroup,
    UnreadableSource,
    measure_row_groups,
    name_damage,
    open_parquet,
)

_FOOTER_TAIL_BYTES = 8  # 4 bytes of footer length, then the magic word
# What a file system that is not local may tell a file's version by, the surest first.
_VERSION_KEYS = (
    *("version_id", "generation", "blob_id", "ETag", "etag", "Content-MD5", "content_md5", "md5"),
    *("sha", "hex", "last_commit", "LastModified", "last_modified", "Last-Modified", "mtime"),
    *("modificationTime", "modified", "modify", "updated", "created", "date_time"),
)


class SourceChanged(Exception):
    """A source file is not the one that was planned; nothing read from it is committed."""


class FileIdentity(BaseModel):
    """What makes a file the same: size, footer, and time on disk, ETag or version elsewhere."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    size_bytes: int
    modified: str
    footer: str


class SourceFile(BaseModel):
    """A file that was looked at: enough to plan it, to find it again, and to know it unchanged."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: str
    identity: FileIdentity
    row_groups: tuple[RowGroup, ...]

    @property
    def rows(self) -> int:
        """Rows of the whole file."""
        return sum(group.rows for group in self.row_groups)


def inspect_file(
    filesystem: fsspec.AbstractFileSystem, full: str, path: str, corpus: CorpusSpec
) -> tuple[SourceFile, pa.Schema]:
    """Look at a file's footer, schema and first rows.

    Returns:
        The file under its relative path, and the schema of the carried columns.

    Raises:
        UnreadableSource: not Parquet, truncated, encrypted, or its columns are not what the corpus
            names; or it was changed meanwhile.
    """
    with name_damage(full):
        before = _size_and_version(filesystem, full)
    with open_parquet(filesystem, full) as file:
        schema = file.schema_arrow
        partition = hive_partition(path)
        _check_columns(path, schema, corpus, partition)
        groups = measure_row_groups(file, read_columns(corpus, partition))
    identity = identify_file(filesystem, full)
    if (identity.size_bytes, identity.modified) != before:
        raise UnreadableSource("it was changed while it was listed. Run again")
    carried = [
        pa.field(name, pa.string() if name in partition else plain_type(schema.field(name).type))
        for name in corpus.carry_columns
    ]
    return SourceFile(path=path, identity=identity, row_groups=groups), pa.schema(carried)


def identify_file(filesystem: fsspec.AbstractFileSystem, full: str) -> FileIdentity:
    """The identity of the file as it is now.

    Size and footer alone miss a one-letter edit of an uncompressed file, hence time or ETag.

    Raises:
        UnreadableSource: the file is gone, or its file system tells no version of it.
    """
    with name_damage(full):
        size, modified = _size_and_version(filesystem, full)
        footer = _hash_footer(filesystem, full, size)
    return FileIdentity(size_bytes=size, modified=modified, footer=footer)


def _size_and_version(filesystem: fsspec.AbstractFileSystem, full: str) -> tuple[int, str]:
    if is_local(filesystem):
        stat = os.stat(full)  # noqa: PTH116 - a path from fsspec, which is a str
        return stat.st_size, str(stat.st_mtime_ns)
    info = filesystem.info(full)
    version = next((str(info[key]) for key in _VERSION_KEYS if info.get(key)), None)
    if version is None or info.get("size") is None:
        missing = "size" if info.get("size") is None else "version, checksum or time"
        raise UnreadableSource(
            f"{_name_of(filesystem)} tells no {missing} of it, so a change could not be noticed. "
            "Copy it to another file system"
        )
    return int(info["size"]), version


def _name_of(filesystem: fsspec.AbstractFileSystem) -> str:
    protocol = filesystem.protocol
    return f"{protocol if isinstance(protocol, str) else protocol[0]}://"


def hive_partition(path: str) -> dict[str, str | None]:
    """The `key=value` folders of a relative path; Hive's name for null is None."""
    pairs = [part.split("=", 1) for part in PurePosixPath(path).parts[:-1] if "=" in part]
    return {
        unquote(key): None if value == "__HIVE_DEFAULT_PARTITION__" else unquote(value)
        for key, value in pairs
    }


def read_columns(corpus: CorpusSpec, partition: dict[str, str | None]) -> list[str]:
    """The columns to read from a file, each once."""
    carried = [name for name in corpus.carry_columns if name not in partition]
    ids = [corpus.id_column] if corpus.id_column else []
    return list(dict.fromkeys([*corpus.text_columns, *ids, *carried]))


def _check_columns(
    path: str, schema: pa.Schema, corpus: CorpusSpec, partition: dict[str, str | None]
) -> None:
    named = [(name, "text_columns") for name in corpus.text_columns]
    named += [(name, "carry_columns") for name in corpus.carry_columns if name not in partition]
    named += [(corpus.id_column, "id_column")] if corpus.id_column else []
    for name, field in named:
        count = schema.names.count(name)
        if count != 1:
            found = f"no column {name!r}" if not count else f"{count} columns named {name!r}"
            raise UnreadableSource(f"{found}; it has {_columns(schema)}. Set corpus.{field}")
        kind = schema.field(name).type
        if field == "text_columns" and not _is_text(kind):
            raise UnreadableSource(
                f"column {name!r} is {kind}, not text; it has {_columns(schema)}. "
                f"Set corpus.{field}"
            )
        if field == "id_column" and not (_is_text(kind) or pa.types.is_integer(kind)):
            raise UnreadableSource(
                f"column {name!r} is {kind}; an id is text or a whole number. Set corpus.{field}"
            )


def _columns(schema: pa.Schema) -> str:
    return "[" + ", ".join(f"{field.name}: {field.type}" for field in schema) + "]"


def _is_text(kind: pa.DataType) -> bool:
    return plain_type(kind) in {pa.string(), pa.large_string()}


def _hash_footer(filesystem: fsspec.AbstractFileSystem, full: str, size: int) -> str:
    with filesystem.open(full, "rb") as file:
        file.seek(max(size - _FOOTER_TAIL_BYTES, 0))
        length = int.from_bytes(file.read(4), "little")
        file.seek(max(size - _FOOTER_TAIL_BYTES - length, 0))
        return hashlib.sha256(file.read()).hexdigest()
