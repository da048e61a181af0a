"""A store that is looked at and never written: what is created stays in memory.

Knows what a run would find there, and what it would create, so that a plan can be made and thrown
away. The store need not exist.
"""

from contextlib import AbstractContextManager
from io import BytesIO, UnsupportedOperation
from pathlib import PurePosixPath
from typing import BinaryIO

from data.stores.store import Store


class DryStore:
    """The verbs of a store, over one that is only read."""

    def __init__(self, stored: Store) -> None:
        """Take the store as it is; `look_into_store` is the door that checks it."""
        self._stored = stored
        self._created: dict[str, bytes] = {}

    def create(self, key: str, content: bytes) -> bool:
        """Remember the content, unless the key is taken here or in the store."""
        path = PurePosixPath(key)
        if path.name in self.list(str(path.parent)):
            return False
        self._created[key] = content
        return True

    def write(self, key: str) -> AbstractContextManager[BinaryIO]:
        """Nothing is written."""
        raise UnsupportedOperation(f"{key} would be written, and this store is only looked at.")

    def read(self, key: str) -> BinaryIO:
        """What was created here, or else the store's file."""
        return BytesIO(self._created[key]) if key in self._created else self._stored.read(key)

    def list(self, folder: str) -> list[str]:
        """The names of both."""
        paths = map(PurePosixPath, self._created)
        created = {path.name for path in paths if path.parent == PurePosixPath(folder)}
        return sorted(created.union(self._stored.list(folder)))

    def delete(self, key: str) -> None:
        """Forget what was created here; the store's file stays."""
        self._created.pop(key, None)

    def location(self, key: str) -> str:
        """Where the store would have it."""
        return self._stored.location(key)
