"""Which labelers a night is about: by title or name, with their members and what these read.

Knows what is in force and what the store says of labelers. Loads none.
"""

from collections.abc import Iterable, Sequence

from data import (
    OpenStore,
    has_store,
    labeler_dataset,
    labelers_in_force,
    load_dataset,
    load_labeler,
    open_existing_store,
    with_members,
)
from tasks.labelling.job import LabelerJob
from tasks.labelling.request import LabelRequest


def find_labelers(request: LabelRequest) -> tuple[str, ...]:
    """The stored labelers that the request means; none if it asks for those in force and none is.

    Raises:
        ValueError: one that it names is neither in force nor stored.
    """
    if not has_store(request.store):
        if request.labelers:
            raise ValueError(_unknown(request.labelers, (), request.store.path))
        return ()
    store = open_existing_store(request.store.path)
    in_force = labelers_in_force(store)
    stored = set(store.list("models"))
    unknown = [name for name in request.labelers if name not in in_force and name not in stored]
    if unknown:
        raise ValueError(_unknown(unknown, in_force, request.store.path))
    return tuple(in_force.get(name, name) for name in request.labelers or in_force)


def _unknown(names: Sequence[str], in_force: Iterable[str], path: str) -> str:
    known = ", ".join(in_force) or "none"
    return (
        f"labelers {list(names)} are neither in force nor stored in {path}; in force: {known}. "
        f"See them all with: python -m flows.promote {path}"
    )


def labeler_jobs(store: OpenStore, asked: Sequence[str]) -> tuple[LabelerJob, ...]:
    """The labelers with their members, which come first; those of one space stay together."""
    jobs: dict[str, LabelerJob] = {}
    for name in with_members(store, asked):
        known = load_labeler(store, name)
        source = known.source
        datasets = {
            "text": (),
            "space": (source.name or "",),
            "members": tuple(jobs[member].dataset for member in source.labelers),
        }
        if source.kind == "space":
            _refuse_foreign(store, known.title, source.name or "", source.space or "")
        jobs[name] = LabelerJob(
            name=known.name,
            title=known.title,
            dataset=labeler_dataset(store, name).name,
            reads=source.kind,
            sources=datasets[source.kind],
            is_asked=name in asked,
        )
    return tuple(jobs.values())


def _refuse_foreign(store: OpenStore, title: str, dataset: str, fingerprint: str) -> None:
    try:
        found = load_dataset(store, dataset).fingerprint
    except FileNotFoundError:
        found = "nothing"
    if found != fingerprint:
        raise ValueError(
            f"the labeler {title} reads the space {dataset} ({fingerprint[:8]}), and this store "
            f"has {found[:8]} under that name. Train it in this store."
        )
