"""The files of a store's catalogs: their names, which are too old, and copies on this machine.

Knows that a catalog lies on a disk while DuckDB reads it; of a store that is elsewhere it is built
and read in the workspace, and kept in the store. Knows nothing of what is in a catalog.
"""

import shutil
import time
import uuid
from pathlib import Path

from data.stores.leftovers import remove
from data.stores.local_store import full_disk
from data.stores.store import OpenStore, workspace_of

CATALOG = "catalog.duckdb"
_FOLDER = "catalog"
_KEPT = 3
_ABANDONED_S = 24 * 60 * 60


def catalog_link(path: str) -> Path:
    """Where the catalog of a store of this path is opened, relative if the path is."""
    return workspace_of(path) / CATALOG


def catalog_names(store: OpenStore) -> list[str]:
    """All that are in the store, in no order."""
    return [name for name in store.list(_FOLDER) if name.endswith(".duckdb")]


def new_path(store: OpenStore, seal: int) -> Path:
    """Where to build a catalog of this seal: `<seal>-<n>-<attempt>.duckdb`, n higher than all."""
    there = [order_of(name) for name in catalog_names(store)]
    times = max((times for number, times, _ in there if number == seal), default=0)
    return store.workspace / _FOLDER / f"{seal}-{times + 1}-{uuid.uuid4().hex[:8]}.duckdb"


def order_of(name: str) -> tuple[int, int, str]:
    """The highest is the newest."""
    seal, *times, attempt = name.split("-")
    return int(seal), int(times[0]) if times else 0, attempt


def upload_catalog(store: OpenStore, path: Path) -> None:
    """Have the catalog in the store, under its name."""
    with path.open("rb") as source, store.write(f"{_FOLDER}/{path.name}") as file:
        shutil.copyfileobj(source, file)


def download_newest(store: OpenStore) -> Path | None:
    """The copy of the store's newest catalog in the workspace, made when it is missing there."""
    while names := catalog_names(store):
        path = store.workspace / _FOLDER / max(names, key=order_of)
        if path.exists() or _is_copied(store, path):
            return path
    return None


def remove_old_uploads(store: OpenStore) -> None:
    """Keep a few for readers that have just looked up the name of an older one."""
    for name in sorted(catalog_names(store), key=order_of)[:-_KEPT]:
        store.delete(f"{_FOLDER}/{name}")


def remove_old_files(folder: Path, in_use: Path | None) -> None:
    """The same in a folder of this machine, and what a killed process has left there."""
    files = sorted(folder.resolve().iterdir(), key=_modified)
    catalogs = [path for path in files if path.suffix == ".duckdb"]
    for path in catalogs[:-_KEPT]:
        if path != in_use:  # a slow builder's may be in use and not among the youngest
            path.unlink(missing_ok=True)
    for path in set(files) - set(catalogs):
        if time.time() - _modified(path) > _ABANDONED_S:
            remove(path)


def _is_copied(store: OpenStore, path: Path) -> bool:
    """Copy under another name first; False if a publisher has just removed it as too old."""
    copying = path.with_name(f"{path.name}.{uuid.uuid4().hex}.copying")
    try:
        with full_disk(store.workspace):
            path.parent.mkdir(parents=True, exist_ok=True)
            with store.read(f"{_FOLDER}/{path.name}") as source, copying.open("xb") as file:
                shutil.copyfileobj(source, file)
            copying.rename(path)
    except FileNotFoundError:
        return False
    finally:
        copying.unlink(missing_ok=True)
    remove_old_files(path.parent, path)
    return True


def _modified(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except FileNotFoundError:  # another publisher has just removed it
        return 0.0
