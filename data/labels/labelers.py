"""Labelers in a store: found by name, with their members and the datasets that hold their labels.

Knows stored models and datasets. What is said of a labeler is in data/labels/stored_labeler.py.
"""

import logging
from collections.abc import Iterable
from typing import NamedTuple

from pydantic import ValidationError

from data.labels.stored_labeler import StoredLabeler
from data.lineage import Dataset, LabelerLineage, slug
from data.records.datasets import load_dataset, resolve_dataset
from data.records.models import ModelDescription, describe_models, load_model
from data.records.seals import Seal
from data.stores.store import Store, StoreError

_log = logging.getLogger(__name__)


class LabelVersion(NamedTuple):
    """A labeler's title, and the name of this version of it in the store."""

    labeler: str
    version: str


def labeler_names(store: Store) -> tuple[str, ...]:
    """The names of all labelers of the store, in force or not; no other fitted things."""
    return tuple(labeler.name for labeler in list_labelers(store))


def list_labelers(store: Store) -> list[StoredLabeler]:
    """All labelers of the store, by name; one that makes no sense is left out, in a log.

    Their tensors are not read.
    """
    labelers = []
    for model in filter(_is_labeler, describe_models(store)):
        try:
            labelers.append(_read_labeler(model))
        except StoreError as error:
            _log.warning("left out: %s", error)
    return labelers


def load_labeler(store: Store, name: str) -> StoredLabeler:
    """The labeler of that name or fingerprint, its files proved.

    Raises:
        ValueError: there is none, or what has this name is no labeler.
        DamagedModel: its files were changed.
    """
    try:
        model = load_model(store, name)
    except ValueError as error:
        raise ValueError(
            f"the store has no labeler {name!r}. Its labelers: {list(labeler_names(store))}."
        ) from error
    if not _is_labeler(model):
        raise ValueError(
            f"models/{model.name} is no labeler: its kind is {model.about.get('kind')!r}. The "
            f"labelers of this store: {list(labeler_names(store))}. Name one of these."
        )
    return _read_labeler(model)


def labeler_dataset(store: Store, name: str) -> Dataset:
    """The dataset of a labeler's labels, registered when it is new."""
    labeler = load_labeler(store, name)
    return resolve_dataset(
        store,
        Dataset(
            slug=slug(labeler.title),
            lineage=LabelerLineage(labeler=labeler.fingerprint),
            dimension=len(labeler.label_schema.labels),
        ),
    )


def label_versions(
    store: Store, seal: Seal, labelers: Iterable[StoredLabeler]
) -> dict[str, LabelVersion]:
    """Whose labels each dataset of a seal holds; one whose labeler is gone goes by its dataset."""
    known = {labeler.fingerprint: labeler for labeler in labelers}
    versions = {}
    for name in dict.fromkeys(each for c in seal.corpora.values() for each in c.labelers):
        dataset = load_dataset(store, name)
        assert isinstance(dataset.lineage, LabelerLineage)
        labeler = known.get(dataset.lineage.labeler)
        gone = LabelVersion(dataset.slug, f"{dataset.slug}-{dataset.lineage.labeler[:8]}")
        versions[name] = LabelVersion(labeler.title, labeler.name) if labeler else gone
    return versions


def with_members(store: Store, names: Iterable[str]) -> tuple[str, ...]:
    """These labelers and all members of ensembles among them, each once, members first.

    Raises:
        ValueError: one of them is not there; the message says whose member it is.
    """
    found: dict[str, None] = {}
    for name in names:
        _add_with_members(store, name, found)
    return tuple(found)


def _add_with_members(store: Store, name: str, found: dict[str, None]) -> None:
    labeler = load_labeler(store, name)
    for member in labeler.source.labelers:
        try:
            _add_with_members(store, member, found)
        except ValueError as error:
            raise ValueError(f"{member} is a member of {labeler.name}, and {error}") from error
    found[labeler.name] = None


def _is_labeler(model: ModelDescription) -> bool:
    return model.about.get("kind") == "labeler"


def _read_labeler(model: ModelDescription) -> StoredLabeler:
    try:
        named = {**model.about, "name": model.name, "fingerprint": model.fingerprint}
        return StoredLabeler.model_validate(named)
    except ValidationError as error:
        problem = error.errors()[0]
        place = ".".join(map(str, problem["loc"]))
        raise StoreError(
            f"models/{model.name}/about.json does not describe a labeler: {place}: "
            f"{problem['msg']}. Train it again, or remove its folder."
        ) from error
