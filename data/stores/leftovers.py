"""What killed processes leave on a disk beside the parts of a store: unfinished files and folders.

Knows their names and times. None of them is ever read by anybody.
"""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

from data.stores.store import STORE_FOLDERS

_BEING_CREATED = re.compile(r"\..+\.[0-9a-f]{32}")
_UNFINISHED = {
    "catalog": ("*.building", "*.building.wal", "*.spill", "*.copying"),
    "encoders": ("*.unfinished",),
    "probe": ("[0-9a-f]" * 32,),
}


def list_leftovers(folder: Path, young_from: float) -> Iterator[Path]:
    """Unfinished files and folders below a store's folder, nothing of which is younger."""
    found = [path for path in folder.glob(".*") if _BEING_CREATED.fullmatch(path.name)]
    for name in sorted(STORE_FOLDERS):
        below = (folder / name).rglob(".*")
        found += [path for path in below if _BEING_CREATED.fullmatch(path.name)]
        for pattern in _UNFINISHED.get(name, ()):
            found += (folder / name).glob(pattern)
    for path in sorted(set(found)):
        if max(map(_written_at, _files(path)), default=0) <= young_from:
            yield path


def size_of(path: Path) -> int:
    """Bytes of a file, or of all below a folder."""
    return sum(each.lstat().st_size for each in _files(path) if each.is_file())


def remove(path: Path) -> None:
    """Remove a file, or a folder with all below it; who is gone already is no error."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def _files(path: Path) -> list[Path]:
    return [path, *path.rglob("*")] if path.is_dir() and not path.is_symlink() else [path]


def _written_at(path: Path) -> float:
    try:
        return path.lstat().st_mtime
    except FileNotFoundError:  # whose it was has just finished: not ours to remove
        return float("inf")
