"""How large a stored file is and when it was written: what the five verbs do not tell.

Knows disks and fsspec. Only collecting garbage asks for times; nothing else depends on a clock.
"""

from pathlib import Path

from data.stores.store import OpenStore


def written_at(store: OpenStore, key: str) -> float:
    """Seconds since 1970; infinity for a file that is gone, which is never old."""
    try:
        if store.filesystem is not None:
            return float(store.filesystem.modified(store.location(key)).timestamp())
        return Path(store.location(key)).lstat().st_mtime
    except FileNotFoundError:
        return float("inf")


def size_bytes(store: OpenStore, key: str) -> int:
    """Bytes of the file; 0 for one that is gone."""
    try:
        if store.filesystem is not None:
            return int(store.filesystem.size(store.location(key)))
        return Path(store.location(key)).lstat().st_size
    except FileNotFoundError:
        return 0
