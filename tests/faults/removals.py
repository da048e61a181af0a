"""How each protection of the store is removed: a name of the rooms is bound to something worse.

Knows the rooms' own names, private ones too. Which test misses what is in tests/faults/mutants.py.
"""

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import data.catalog.publishing
import data.checking.sealing
import data.sources.reading
from data import Record, SealRequest
from data.records import datasets
from data.stores.local_store import LocalStore

Patch = Callable[[Any, str, Any], None]  # as setattr, or pytest's that is undone


def overwrite_records(patch: Patch) -> None:
    """Create by renaming, which replaces what is there; only the probe is told the truth."""
    create = LocalStore.create

    def overwrite(store: LocalStore, key: str, content: bytes) -> bool:
        if not key.startswith("datasets/"):
            return create(store, key, content)
        path = store._path(key)
        path.parent.mkdir(parents=True, exist_ok=True)
        new = path.with_name(f".{path.name}.new")
        new.write_bytes(content)
        new.replace(path)
        return True

    patch(LocalStore, "create", overwrite)


def discard_all_attempts(patch: Patch) -> None:
    """A loser removes every part of its chunk."""

    def discard(store: Any, record: Record) -> None:
        folder = f"datasets/{record.dataset}/parts"
        for name in store.list(folder):
            if name.startswith(record.chunk):
                store.delete(f"{folder}/{name}")

    patch(datasets, "discard_parts", discard)


def forget_own_attempt(patch: Patch) -> None:
    """Who is told that its record exists takes it for another's."""
    read = datasets.read_record

    def read_as_another_s(store: Any, dataset: str, chunk: str) -> Record:
        return read(store, dataset, chunk).model_copy(update={"attempt": "another's"})

    patch(datasets, "read_record", read_as_another_s)


def name_parts_alike(patch: Patch) -> None:
    """Every attempt has the same name."""
    patch(datasets, "uuid", SimpleNamespace(uuid4=lambda: SimpleNamespace(hex="0" * 32)))


def compare_no_digests(patch: Patch) -> None:
    """A space commits beside documents of other texts."""
    from tests.faults import protocol  # noqa: PLC0415 - only this one needs torch

    def commit_all(store: Any, records: list[Record], _digest: str) -> list[Record]:
        return [datasets.commit(store, record) for record in records]

    patch(protocol, "_commit", commit_all)


def look_at_files_once(patch: Patch) -> None:
    """Whether a file is the planned one is asked before it is read, and not after."""
    check, looked_at = data.sources.reading._check_unchanged, set[str]()

    def check_once(planned: Any, now: Any) -> None:
        if planned.path not in looked_at:
            looked_at.add(planned.path)
            check(planned, now)

    patch(data.sources.reading, "_check_unchanged", check_once)


def seal_any_plan(patch: Patch) -> None:
    """A run seals its listing whatever has been sealed since."""
    following = data.checking.sealing.next_seal

    def seal_over(store: Any, before: Any, request: SealRequest) -> Any:
        known = request.model_copy(update={"seal_before": before.number if before else 0})
        return following(store, before, known)

    patch(data.checking.sealing, "next_seal", seal_over)


def check_nothing(patch: Patch) -> None:
    """A seal is created without a look at the rows."""
    patch(data.checking.sealing, "check_new_chunks", lambda *_: None)


def publish_without_a_second_look(patch: Patch) -> None:
    """Nothing ever seems to have happened while a catalog was built."""
    seen: dict[str, Any] = {}
    state = data.catalog.publishing._state

    def look_once(store: Any) -> Any:
        return seen.setdefault(str(store.root), state(store))

    patch(data.catalog.publishing, "_state", look_once)


def show_an_unfinished_catalog(patch: Patch) -> None:
    """The link is moved before the catalog is filled."""
    fill, swap = data.catalog.publishing._fill, data.catalog.publishing._swap

    def swap_and_fill(store: Any, seal: Any, building: Path) -> None:
        swap(store, building)
        fill(store, seal, building)

    patch(data.catalog.publishing, "_fill", swap_and_fill)
