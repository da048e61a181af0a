"""Check the parameters of a strategy and fill in its defaults. Knows the table, no model."""

import inspect

from pydantic import ValidationError

from pooling.table import POOLERS
from pooling.windows import HierarchicalStrategy

Parameters = dict[str, float | int | str | bool]


def write_out(strategy: str, given: Parameters) -> Parameters:
    """Defaults filled in and numbers of one type, so that one pooling is one space.

    Raises:
        ValueError: The strategy has no such parameter, or the value is not one for it.
    """
    known = sorted(inspect.signature(POOLERS[strategy]).parameters)
    if unknown := sorted(set(given) - set(known)):
        raise ValueError(
            f"pooling {strategy!r} has no parameters {unknown}; it has {known or 'none'}"
        )
    try:
        pooler = POOLERS[strategy](**given)
    except ValidationError as error:
        raise ValueError(f"pooling {strategy!r}: {_faults(error)}") from error
    return {name: getattr(pooler, name) for name in known}


def refuse_way_over_windows(strategy: str, parameters: Parameters, over_windows: str) -> None:
    """Refuse one where the strategy pools windows itself, or gives no states to learn it from.

    Raises:
        ValueError: Something else than the default was chosen.
    """
    if over_windows == "mean":
        return
    if strategy == "pooler" and over_windows == "attention":
        raise ValueError(
            "pooling 'pooler' with over_windows='attention' cannot be trained: trainings see token "
            "states, not what the model's own pooler made of them. Choose mean or max."
        )
    if isinstance(POOLERS[strategy](**parameters), HierarchicalStrategy):
        raise ValueError(
            f"pooling {strategy!r} has its own way over windows; found over_windows="
            f"{over_windows!r}. Leave over_windows out."
        )


def _faults(error: ValidationError) -> str:
    return "; ".join(
        f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}, found {fault['input']!r}"
        for fault in error.errors()
    )
