"""What `gc` removes of a store, each with its reason and size: parts, leftovers, old catalogs.

Knows all kinds of garbage. Which parts are garbage is decided in data/upkeep/collecting.py.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import pairwise

from data.catalog.catalog_files import catalog_names, order_of
from data.catalog.publishing import newest_catalog
from data.stores.leftovers import list_leftovers, remove, size_of
from data.stores.store import OpenStore
from data.stores.stored_files import size_bytes, written_at
from data.upkeep.collecting import Clock, plans_needed, superseded_chunks, unnamed_parts

HOUR_S = 60 * 60


@dataclass(frozen=True, slots=True)
class Garbage:
    """A file, or a folder of unfinished ones, why nobody needs it, and how to remove it."""

    place: str
    why: str
    size_bytes: int
    remove: Callable[[], None]


def clock_of(store: OpenStore, grace_h: float) -> Clock:
    """Files younger than so many hours stay."""
    return Clock(partial(written_at, store), time.time() - grace_h * HOUR_S)


def list_garbage(store: OpenStore, clock: Clock) -> Iterator[Garbage]:
    """What nothing names, and catalogs that were replaced before the grace period began."""
    for key in unnamed_parts(store, clock):
        yield _file(store, key, "no record names it")
    for path in list_leftovers(store.workspace, clock.young_from):
        place = path.relative_to(store.workspace).as_posix()
        yield Garbage(place, "left unfinished", size_of(path), partial(remove, path))
    old, _ = _catalogs(store, clock)
    for name in old:
        yield _file(store, f"catalog/{name}", "replaced by a newer catalog")
    yield from _old_copies(store)


def list_superseded(store: OpenStore, clock: Clock) -> Iterator[Garbage]:
    """Chunks that neither the newest seal nor a catalog that stays shows, nor an owed one needs."""
    _, kept = _catalogs(store, clock)
    needed = plans_needed(store, {order_of(name)[0] for name in kept})
    yield from list_unplanned(store, clock, needed)


def list_unplanned(
    store: OpenStore, clock: Clock, needed: set[str], *, is_quiet: bool = False
) -> Iterator[Garbage]:
    """Chunks that no plan in use names, beside those needed; `is_quiet`: no run is under way."""
    for keys in superseded_chunks(store, clock, needed, is_quiet=is_quiet):
        for key in keys:
            yield _file(store, key, "superseded")


def _catalogs(store: OpenStore, clock: Clock) -> tuple[list[str], list[str]]:
    """Names of the catalogs that are old, and of those that stay.

    A catalog's time is that at which the next one took its place: until then it was in use.
    """
    newest = newest_catalog(store)
    names = catalog_names(store)
    by_age = sorted((clock.written_at(f"catalog/{name}"), name) for name in names)
    old = {
        name
        for (_, name), (replaced_at, _) in pairwise(by_age)
        if replaced_at <= clock.young_from and (newest is None or name != newest.name)
    }
    return sorted(old), sorted(set(names) - old)


def _old_copies(store: OpenStore) -> Iterator[Garbage]:
    """Copies of catalogs on this machine, of a store that is elsewhere."""
    newest = newest_catalog(store)
    if store.filesystem is None or newest is None:
        return
    for path in sorted(newest.parent.glob("*.duckdb")):
        if path != newest:
            why = "a copy of an older catalog"
            yield Garbage(str(path), why, size_of(path), partial(remove, path))


def _file(store: OpenStore, key: str, why: str) -> Garbage:
    return Garbage(key, why, size_bytes(store, key), partial(store.delete, key))
