"""A store: where results are kept, by five verbs: create, write, read, list, delete.

Knows keys and bytes. data/local_store.py is the one back end; it is opened by data/opening.py.
"""

from contextlib import AbstractContextManager
from typing import BinaryIO, Protocol

from pydantic import BaseModel, ConfigDict, Field, field_validator

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


class StoreError(Exception):
    """Something about the store itself, not about a text or a model."""


class StoreNotWritable(StoreError):
    """The folder cannot be written, or its file system cannot commit safely."""


class DiskFull(StoreError):
    """No space was left; what was committed before stays, and a later run goes on from there."""


class StoreSpec(BaseModel):
    """Where results are kept."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: str = Field(
        default="store",
        description="Folder for results: Parquet parts, commit records and catalog.duckdb. It is "
        "created when missing. It must be on a local disk or another file system with hard links.",
    )

    @field_validator("path")
    @classmethod
    def _is_local(cls, path: str) -> str:
        if "://" in path:
            scheme = path.split("://", maxsplit=1)[0]
            raise ValueError(
                f"the store {path!r} is on {scheme}://, whose exclusive create Poolhouse has not "
                "proved. Give a folder on a local disk."
            )
        if not path.strip():
            raise ValueError("the store's path is empty. Give a folder, such as 'store'.")
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


def read_bytes(store: Store, key: str) -> bytes:
    """The whole of a small file."""
    with store.read(key) as file:
        return file.read()
