"""Everything of a store against what its records, names and hashes say of it.

Knows which files a store has. Chunks, which are nearly all of it, are in verifying_chunks.py.
"""

from collections.abc import Callable, Iterator

from data.catalog.publishing import newest_catalog
from data.labels.evaluations import load_evaluation, read_heldout
from data.labels.promotion import labelers_in_force
from data.labels.reviews import DamagedReviews, read_review_file, review_numbers
from data.labels.trained_on import read_trained_on
from data.lineage import Dataset
from data.records.datasets import load_dataset
from data.records.models import DamagedModel, load_model
from data.records.owed import owed_chunks
from data.records.runs import RunRecord
from data.records.seals import newest_number, newest_seal, read_seal
from data.sources.plan import load_plan
from data.sql import open_catalog
from data.stores.file_errors import is_damage
from data.stores.store import OpenStore, Store, StoreError, read_bytes
from data.upkeep.damage import Damage, first_line
from data.upkeep.verifying_chunks import ChunkBook, damaged_chunks
from data.upkeep.verifying_encoders import damaged_encoders

_FROM_A_COPY = "Restore it from a copy of the store; nothing else tells what it said."
_PLAN_AGAIN = (
    "Restore it from a copy; or run again: as long as the files are the same, so is the plan."
)
_FIT = ". Fit it again"
_AGAIN = "Fit or train it again with the same arguments: that mends it."
_MODEL_FILES = (load_model, load_evaluation, read_heldout, read_trained_on)


def find_damage(store: OpenStore, say: Callable[[str], None]) -> Iterator[Damage]:
    """Every damage of the store; `say` is told what is being looked at.

    All parts are read to their last byte, one at a time, those of superseded chunks too.
    """
    say("seals, plans, runs and models")
    yield from _damaged_seals(store)
    yield from _damaged_runs(store)
    yield from _damaged_reviews(store)
    yield from _damaged_models(store)
    yield from damaged_encoders(store)
    book = ChunkBook()
    yield from _read_plans(store, book)
    datasets = []
    for name in store.list("datasets"):
        if not store.list(f"datasets/{name}/commits"):
            continue  # nothing was committed: a kill may have left half of it
        try:
            datasets.append(_dataset(store, name))
        except (ValueError, FileNotFoundError) as error:
            yield Damage(f"datasets/{name}/lineage.json", _unreadable(error), _FROM_A_COPY)
    book.add_datasets(datasets)
    for dataset in datasets:
        yield from _wrong_fingerprint(store, dataset)
        yield from damaged_chunks(store, dataset, book, say)
    yield from _lost_chunks(store)
    yield from _damaged_catalog(store)


def _unreadable(error: Exception) -> str:
    gone = isinstance(error, FileNotFoundError)
    return "it is gone" if gone else f"it cannot be read ({first_line(error)})"


def _damaged_runs(store: Store) -> Iterator[Damage]:
    for name in store.list("runs"):
        try:
            RunRecord.model_validate_json(read_bytes(store, f"runs/{name}"))
        except (ValueError, FileNotFoundError) as error:
            remedy = "Remove it: nothing but tables about that run is lost."
            yield Damage(f"runs/{name}", _unreadable(error), remedy)


def _damaged_seals(store: Store) -> Iterator[Damage]:
    """Seals up to the newest, and plans that these name and that are gone."""
    named = set()
    for number in range(1, newest_number(store) + 1):
        try:
            seal = read_seal(store, number)
        except (ValueError, FileNotFoundError) as error:
            yield Damage(f"seals/{number}.json", _unreadable(error), _FROM_A_COPY)
        else:
            named |= {f"{corpus.plan}.json" for corpus in seal.corpora.values()}
    for name in sorted(named - set(store.list("plans"))):
        yield Damage(f"plans/{name}", "it is gone", _PLAN_AGAIN)


def _damaged_reviews(store: Store) -> Iterator[Damage]:
    for number in review_numbers(store):
        try:
            read_review_file(store, number)
        except DamagedReviews:
            remedy = "Remove it, and import its reviews again."
            yield Damage(f"reviews/{number}.parquet", "it cannot be read", remedy)


def _damaged_models(store: Store) -> Iterator[Damage]:
    """Models whose fit came to its end, which `about.json` says, and the labelers in force."""
    there, in_force = set(store.list("models")), _in_force(store)
    for name in sorted(there | in_force):
        if name not in there:
            yield Damage(f"models/{name}", "it is in force, and gone", _FROM_A_COPY)
            continue
        if "about.json" not in store.list(f"models/{name}") and name not in in_force:
            continue
        try:
            for read in _MODEL_FILES:
                read(store, name)
        except (DamagedModel, OSError) as error:
            if not is_damage(error):
                raise
            words = first_line(error).removeprefix(f"models/{name}").lstrip("/: ")
            yield Damage(f"models/{name}", words.removesuffix(".").removesuffix(_FIT), _AGAIN)


def _in_force(store: Store) -> set[str]:
    try:
        return set(labelers_in_force(store).values())
    except ValueError:
        return set()  # the newest seal, which was named already


def _read_plans(store: Store, book: ChunkBook) -> Iterator[Damage]:
    for name in store.list("plans"):
        try:
            plan = load_plan(store, name.removesuffix(".json"))
            if f"{plan.name}.json" != name:
                raise ValueError("its content is not that which it is named by")
        except (ValueError, FileNotFoundError) as error:
            yield Damage(f"plans/{name}", _unreadable(error), f"Remove it. {_PLAN_AGAIN}")
        else:
            book.add_plan(plan)


def _dataset(store: Store, name: str) -> Dataset:
    """The dataset in that folder, if its lineage is the one that the folder is named by."""
    dataset = load_dataset(store, name)
    if dataset.name != name:
        raise ValueError(f"its fingerprint is that of {dataset.name}")
    return dataset


def _wrong_fingerprint(store: Store, dataset: Dataset) -> Iterator[Damage]:
    """The file by which a run finds the dataset, which is a copy of its lineage."""
    key, lineage = (
        f"fingerprints/{dataset.fingerprint}.json",
        f"datasets/{dataset.name}/lineage.json",
    )
    try:
        is_right = read_bytes(store, key) == read_bytes(store, lineage)
    except FileNotFoundError:
        is_right = False
    if not is_right:
        yield Damage(key, f"it is not a copy of {lineage}", f"Copy {lineage} to its place.")


def _lost_chunks(store: Store) -> Iterator[Damage]:
    """Chunks that the newest seal shows and that have no record any more."""
    try:
        seal = newest_seal(store)
        owed = list(owed_chunks(store, seal)) if seal else []
    except (ValueError, FileNotFoundError):
        return  # a seal or a plan, which was named already
    for each in owed:
        if each.was_there:
            remedy = f"Run {each.command} again over {each.corpus!r}."
            yield Damage(each.key, f"it is gone, so {each.place} is owed", remedy, is_owed=True)


def _damaged_catalog(store: OpenStore) -> Iterator[Damage]:
    catalog = newest_catalog(store)
    if catalog is None:
        return
    try:
        with open_catalog(catalog) as connection:
            connection.execute("SELECT count(*) FROM documents")
    except StoreError:
        yield Damage(
            f"catalog/{catalog.name}", "it cannot be read", "python -m flows.publish STORE"
        )
