"""A store on local disk. Every file is synced before its name can be relied upon.

Knows fsync, hard links and what a disk says when it is full. Does not know what is stored.
"""

import errno
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from data.stores.store import DiskFull, StoreNotWritable, key_parts


class LocalStore:
    """A store in a folder. Every file is synced to disk before its name can be relied upon."""

    def __init__(self, root: Path) -> None:
        """Take the folder as it is; `open_store` is the door that checks it."""
        self.root = self.workspace = root.absolute()
        self.filesystem = None

    def create(self, key: str, content: bytes) -> bool:
        """Link a synced temporary file to its name: atomic, and the first one wins."""
        path = self._path(key)
        temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
        with _disk_errors(self.root):
            path.parent.mkdir(parents=True, exist_ok=True)
            try:
                with temporary.open("xb") as file:
                    file.write(content)
                    _sync_open(file)
                os.link(temporary, path)
            except FileExistsError:
                return False
            finally:
                temporary.unlink(missing_ok=True)
            sync(path.parent)
        return True

    @contextmanager
    def write(self, key: str) -> Iterator[BinaryIO]:
        """Write to the final name: nothing names it until a record does."""
        path = self._path(key)
        with _disk_errors(self.root):
            path.parent.mkdir(parents=True, exist_ok=True)
            file = path.open("xb")
        try:
            with full_disk(self.root), file:
                yield file
                _sync_open(file)
            sync(path.parent)
        except BaseException:  # whatever went wrong, a half-written file must not stay
            path.unlink(missing_ok=True)
            raise

    def read(self, key: str) -> BinaryIO:
        """Open the file."""
        return self._path(key).open("rb")

    def list(self, folder: str) -> list[str]:
        """Names without the temporary files of `create`, which start with a dot."""
        try:
            names = os.listdir(self._path(folder))  # noqa: PTH208 - names, not paths
        except FileNotFoundError:
            return []
        return sorted(name for name in names if not name.startswith("."))

    def delete(self, key: str) -> None:
        """Unlink the file."""
        with _disk_errors(self.root):
            self._path(key).unlink(missing_ok=True)

    def location(self, key: str) -> str:
        """The absolute path."""
        return str(self._path(key))

    def _path(self, key: str) -> Path:
        return self.root.joinpath(*key_parts(key, self.root))


@contextmanager
def _disk_errors(root: Path) -> Iterator[None]:
    """Words for what the store's own files meet."""
    with full_disk(root):
        try:
            yield
        except OSError as error:
            if error.errno in {errno.EACCES, errno.EROFS, errno.ENOTDIR}:
                raise StoreNotWritable(
                    f"the store {root} cannot be written ({error.strerror}). Give a folder that "
                    "you may write to in store.path."
                ) from error
            raise


@contextmanager
def full_disk(root: Path) -> Iterator[None]:
    """Words for a full disk alone: other files may be opened while a part is written."""
    try:
        yield
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            raise DiskFull(
                f"the disk of the store {root} is full. Free some space and run the same command "
                "again: what is committed stays, the rest is done then."
            ) from error
        raise


def sync(path: Path) -> None:
    """Have a closed file, or the names in a folder, on disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _sync_open(file: BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())
