"""S3 as fsspec reads it. Endpoint, key and secret are known to the environment alone.

Knows which caches would lie. Imports s3fs only when it is asked for.
"""

from datetime import datetime
from typing import Any, BinaryIO, cast

import fsspec

_BLOCK_BYTES = 4 << 20  # what is read ahead; s3fs's own 50 MB would be read for every small column


def s3_filesystem() -> fsspec.AbstractFileSystem:
    """The file system of this thread; names are listed anew each time."""
    return fsspec.filesystem("s3", use_listings_cache=False, default_block_size=_BLOCK_BYTES)


class PartFiles(fsspec.AbstractFileSystem):  # type: ignore[misc]  # fsspec has no types
    """What DuckDB reads parts on S3 with. It asks often; S3 is asked once, for no part changes."""

    protocol = ("s3",)
    cachable = False

    def __init__(self, filesystem: fsspec.AbstractFileSystem) -> None:
        """Read with this one."""
        super().__init__()
        self._filesystem = filesystem
        self._found: dict[str, dict[str, Any]] = {}

    def info(self, path: str, **_: Any) -> dict[str, Any]:
        """Size and time."""
        key = self._strip_protocol(path)
        if key not in self._found:
            self._found[key] = self._filesystem.info(key)
        return self._found[key]

    def glob(self, path: str, **_: Any) -> list[str]:
        """The part itself: no store has a letter in its path that would mean others."""
        return [self._strip_protocol(path)] if self.exists(path) else []

    def modified(self, path: str) -> datetime:
        """When it was uploaded."""
        return cast(datetime, self.info(path)["LastModified"])

    def open(self, path: str, mode: str = "rb", **_: Any) -> BinaryIO:
        """The part, without asking for its size again."""
        return cast(BinaryIO, self._filesystem.open(path, mode))
