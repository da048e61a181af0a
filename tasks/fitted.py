"""What was fitted for poolings, read from the store: by name when planned, by fingerprint after.

Joins the store's bytes with the poolings' tensors. Knows no strategy.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from data import Store, load_model, save_model
from pooling import Fitted, PoolingSpec

_REFERENCES = ("weights", "ranges")


def save_fitted(store: Store, title: str, fitted: Fitted) -> str:
    """Keep it in the store; returns the name that a pooling calls it by."""
    return save_model(store, title, fitted.about, fitted.to_bytes())


def name_by_fingerprint(store: Store, pooling: PoolingSpec) -> PoolingSpec:
    """The same pooling with fingerprints for names: what a space's identity and a job hold.

    Raises:
        ValueError: the store has no such model.
        StoreError: it was changed since.
    """
    found = {
        reference: load_model(store, name).fingerprint
        for reference, name in _references(pooling).items()
    }
    return pooling.model_copy(update=found)


def fitted_names(poolings: Sequence[PoolingSpec]) -> tuple[str, ...]:
    """The names that the poolings give, each once."""
    names = {name for pooling in poolings for name in _references(pooling).values()}
    return tuple(sorted(names))


def load_fitted(store: Store, names: Sequence[str]) -> dict[str, Fitted]:
    """What was fitted, by the names that the poolings use.

    Raises:
        ValueError: the store has no such model.
        StoreError: it was changed since.
    """
    models = {name: load_model(store, name) for name in names}
    return {
        name: replace(Fitted.from_bytes(model.tensors, model.about), name=model.name)
        for name, model in models.items()
    }


def pooling_to_type(pooling: PoolingSpec) -> str:
    """The pooling as it is typed after `--poolings`: what is not default, as JSON."""
    default = PoolingSpec(strategy=pooling.strategy).model_dump(mode="json")
    stated = _differing(pooling.model_dump(mode="json"), default)
    if parameters := _differing(pooling.parameters, default["parameters"]):
        stated["parameters"] = parameters
    return json.dumps({"strategy": pooling.strategy} | stated)


def _references(pooling: PoolingSpec) -> dict[str, str]:
    """The names that the pooling gives, by field."""
    given = {field: getattr(pooling, field) for field in _REFERENCES}
    return {field: name for field, name in given.items() if name is not None}


def _differing(settings: Mapping[str, Any], default: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in settings.items() if value != default[name]}
