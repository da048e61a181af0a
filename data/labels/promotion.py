"""Which labelers are in force: said by the newest seal, changed by promoting or retiring one.

Knows seals and stored labelers. Labels nothing: what a promoted labeler owes, a run does.
"""

from collections.abc import Callable

from data.labels.labelers import load_labeler, with_members
from data.lineage import canonical_json
from data.records.seals import Seal, newest_seal
from data.stores.store import Store

InForce = dict[str, str]


def labelers_in_force(store: Store) -> InForce:
    """The name of the labeler in force for each title; empty before the first promotion."""
    seal = newest_seal(store)
    return dict(seal.labelers) if seal else {}


def promote(store: Store, name: str) -> Seal:
    """Put a labeler in force in place of the one of its title, and seal that.

    The way back is to promote the older one. If it is in force already, nothing is sealed.

    Raises:
        ValueError: there is no such labeler, or a member of it is not there.
        DamagedModel: files of it, or of a member, were changed.
    """
    labeler = load_labeler(store, name)
    with_members(store, [labeler.name])
    return _seal(store, lambda known: known | {labeler.title: labeler.name}, "promote")


def retire(store: Store, title: str) -> Seal:
    """Have no labeler of this title in force any more, and seal that. Its labels stay.

    Raises:
        ValueError: no labeler of this title is in force.
    """
    known = labelers_in_force(store)
    if title not in known:
        raise ValueError(
            f"no labeler {title!r} is in force; in force are {sorted(known)}. Name one of these."
        )
    return _seal(
        store, lambda known: {each: known[each] for each in known if each != title}, "retire"
    )


def _seal(store: Store, change: Callable[[InForce], InForce], run: str) -> Seal:
    """Create the next seal; who loses its number to another publisher starts again."""
    while True:
        before = newest_seal(store) or Seal(number=0, corpora={}, changed=None, run=run)
        labelers = dict(sorted(change(before.labelers).items()))
        if before.labelers == labelers:
            return before
        seal = before.model_copy(
            update={
                "number": before.number + 1,
                "changed": None,
                "run": run,
                "labelers": labelers,
            }
        )
        content = canonical_json(seal.model_dump(mode="json"))
        if store.create(f"seals/{seal.number}.json", content):
            return seal
