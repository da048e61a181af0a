"""A store: where results are kept, by five verbs: create, write, read, list, delete.

Knows keys and bytes. Back ends are local_store.py and s3_store.py; opening.py opens them.
"""

import importlib.util
import re
from contextlib import AbstractContextManager
from hashlib import blake2b
from pathlib import Path, PurePosixPath
from typing import BinaryIO, Protocol

import fsspec
from pydantic import BaseModel, ConfigDict, Field, field_validator

from data.paths import PlainPath

STORE_JSON = "store.json"
STORE_FOLDERS = frozenset(
    {
        "catalog",
        "datasets",
        "encoders",
        "fingerprints",
        "models",
        "plans",
        "probe",
        "reports",
        "reviews",
        "runs",
        "seals",
    }
)


_WORKSPACES = Path(".poolhouse")


class StoreError(Exception):
    """Something about the store itself, not about a text or a model."""


class StoreNotWritable(StoreError):
    """The folder cannot be written, or its file system cannot commit safely."""


class DiskFull(StoreError):
    """No space was left; what was committed before stays, and a later run goes on from there."""


class StoreUnreachable(ConnectionError):
    """The server of a store gives no answer: not a StoreError, since it may give one later."""


class StoreSpec(BaseModel):
    """Where results are kept."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    path: PlainPath = Field(
        default="store",
        description="Folder for results: Parquet parts, commit records and catalog.duckdb. It is "
        "created when missing. It must be on a local disk or another file system with hard links; "
        "or a place on S3, such as s3://bucket/prefix.",
    )

    @field_validator("path")
    @classmethod
    def _has_a_back_end(cls, path: str) -> str:
        if not path.strip():
            raise ValueError("the store's path is empty. Give a folder, such as 'store'.")
        scheme, is_url, place = path.partition("://")
        if not is_url:
            return path
        if scheme != "s3":
            raise ValueError(
                f"the store {path!r} is on {scheme}://, whose exclusive create Poolhouse has not "
                "proved. Give a folder on a local disk, or a place on S3."
            )
        if not place.strip("/"):
            raise ValueError(f"the store {path!r} names no bucket. Give s3://bucket/prefix.")
        if importlib.util.find_spec("s3fs") is None:
            raise ValueError(
                f"the store {path!r} needs s3fs, which is not installed. Type: "
                ".venv/bin/python -m pip install -c constraints.txt -e '.[s3]'"
            )
        return path


class Store(Protocol):
    """The verbs. A key is a relative path with forward slashes."""

    def create(self, key: str, content: bytes) -> bool:
        """Put a small file in place whole, or return False when the key is taken."""

    def write(self, key: str) -> AbstractContextManager[BinaryIO]:
        """A binary file under a name that nobody else uses; removed again if the block fails."""

    def read(self, key: str) -> BinaryIO:
        """The file, open for reading; FileNotFoundError when there is none."""

    def list(self, folder: str) -> list[str]:
        """The sorted names directly inside a folder; empty when there is none."""

    def delete(self, key: str) -> None:
        """Remove a file; a missing one is no error."""

    def location(self, key: str) -> str:
        """What DuckDB and pyarrow open to read the key themselves."""


class OpenStore(Store, Protocol):
    """A store that was opened, with a place on this machine for what DuckDB needs there."""

    @property
    def root(self) -> Path | str:
        """Where it is, as messages name it."""

    @property
    def workspace(self) -> Path:
        """The folder of its catalogs and of what DuckDB spills: for one on a disk, its own."""

    @property
    def filesystem(self) -> fsspec.AbstractFileSystem | None:
        """What DuckDB reads locations with; None where it needs no help."""


def workspace_of(path: str) -> Path:
    """The folder of catalogs of a store of this path; of one that is elsewhere, a folder here.

    It is beside the user's work, as .prefect is: the disk of temporary files may be small.
    """
    if "://" not in path:
        return Path(path)
    digest = blake2b(path.rstrip("/").encode(), digest_size=4).hexdigest()
    words = re.sub("[^a-z0-9]+", "-", path.partition("://")[2].lower()).strip("-")
    return _WORKSPACES / f"{words}-{digest}"


def key_parts(key: str, root: Path | str) -> tuple[str, ...]:
    """The folders and the name of a key.

    Raises:
        StoreError: the key leads out of the store at this root.
    """
    parts = PurePosixPath(key).parts
    if not parts or parts[0] == "/" or ".." in parts:
        raise StoreError(f"the key {key!r} points outside the store {root}.")
    return parts


def read_bytes(store: Store, key: str) -> bytes:
    """The whole of a small file."""
    with store.read(key) as file:
        return file.read()
