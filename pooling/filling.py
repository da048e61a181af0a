"""Find the weights that a pooling names, and refuse those of another. Knows names and shapes.

What is wrong is said in the order in which it explains the rest: what they are, for which strategy
and settings, for states of which width.
"""

from collections.abc import Mapping

from pooling.differences import name_differences, shorten
from pooling.fitted import Fitted, FittedByName
from pooling.frequency import COMPONENT
from pooling.pooler import Sizes
from pooling.spec import PoolingSpec
from pooling.table import CONTENT_ONLY

Shapes = Mapping[str, tuple[int, ...]]

_COUNTS, _LEARNED, _RANGES = "counts of tokens", "learned weights", "ranges"
_HOW = {
    _COUNTS: "Count with python -m flows.fit_token_weights, which says their name.",
    _LEARNED: "Learn them from labels with python -m flows.train_labeler --training.learned: see "
    '"Learned poolings" in docs/poolings.md.',
}
_PARTS = {
    "mix": "a learned mix of layers",
    "tokens": "the strategy",
    "windows": "learned weights of windows",
}
_TABLE, _COMPONENT = "tokens.layers.token_counts", f"tokens.layers.{COMPONENT}"


def find_weights(spec: PoolingSpec, fitted: FittedByName) -> Fitted:
    """What the spec names.

    Raises:
        ValueError: It names none, or none that is here.
    """
    if spec.weights is None:
        mix = " Or give mix_weights." if spec.learns_mix else ""
        raise ValueError(
            f"pooling {spec.strategy!r} needs {_wanted_kind(spec)} that were fitted before. Name "
            f"them in pooling.weights. {_HOW[_wanted_kind(spec)]}{mix}"
        )
    return find_fitted(spec, "weights", spec.weights, fitted)


def find_fitted(spec: PoolingSpec, what: str, name: str, fitted: FittedByName) -> Fitted:
    """What is here under the name; `what` says in a message what the spec takes it for.

    Raises:
        ValueError: Nothing is.
    """
    if name not in fitted:
        raise ValueError(
            f"pooling {spec.strategy!r}: {what} {shorten(name)!r} are not here; found "
            f"{sorted(map(shorten, fitted)) or 'none'}. Hand them over as `fitted`."
        )
    return fitted[name]


def kind_of(fitted: Fitted) -> str:
    """What it is, in words."""
    if _TABLE in fitted.tensors:
        return _COUNTS
    return _RANGES if set(fitted.tensors) <= {"minimum", "maximum"} else _LEARNED


def refuse_other_pooling(spec: PoolingSpec, fitted: Fitted) -> None:
    """Refuse weights that are of another kind, strategy or setting, by what they say of themselves.

    Raises:
        ValueError: They are.
    """
    what, wanted = name_weights(spec, fitted), _wanted_kind(spec)
    if kind_of(fitted) != wanted:
        raise ValueError(f"{what} are {kind_of(fitted)}, not {wanted}. {_HOW[wanted]}")
    stated = fitted.about.get("pooling")
    settings = stated if isinstance(stated, dict) else {}
    if (strategy := settings.get("strategy", spec.strategy)) != spec.strategy:
        raise ValueError(
            f"{what} were fitted for strategy {strategy!r}, and this is {spec.strategy!r}. Choose "
            "that one, or fit others."
        )
    if words := name_differences(settings, spec.model_dump(mode="json")):
        raise ValueError(
            f"{what} were fitted with other settings: {'; '.join(words)}. Use those they were "
            "fitted with, or fit them with these."
        )
    if spec.parameters.get("remove_component") and _COMPONENT not in fitted.tensors:
        raise ValueError(
            f"{what} are counts without the component that remove_component takes away. Fit it, "
            "too: python -m flows.fit_token_weights with --component.sample_texts 10000."
        )


def refuse_other_shapes(
    spec: PoolingSpec, fitted: Fitted, wanted: Shapes, sizes: Sizes | None
) -> None:
    """Refuse weights whose tensors are not those that the pooling has for these sizes.

    Raises:
        ValueError: They are not.
    """
    found = {name: tuple(tensor.shape) for name, tensor in fitted.tensors.items()}
    if found == wanted:
        return
    what, remedy = name_weights(spec, fitted), "Fit them for this encoder and pooling."
    if _parts_of(found) != _parts_of(wanted):
        raise ValueError(
            f"{what} are of {_parts_of(found)}, and this needs those of {_parts_of(wanted)}. "
            f"{remedy}"
        )
    if sizes and (width := _size_instead_of(sizes.hidden, found, wanted)):
        raise ValueError(
            f"{what} were made for states of width {width}, and this encoder's are "
            f"{sizes.hidden}. {remedy}"
        )
    if sizes and (vocabulary := _size_instead_of(sizes.vocabulary, found, wanted)):
        raise ValueError(
            f"{what} were made for another vocabulary, of {vocabulary} tokens, and this encoder's "
            f"has {sizes.vocabulary}. {remedy}"
        )
    others = [
        f"{name} is {found.get(name)} and not {wanted.get(name)}"
        for name in {**wanted, **found}
        if found.get(name) != wanted.get(name)
    ]
    raise ValueError(f"{what} have other shapes: {'; '.join(others[:4])}. {remedy}")


def name_weights(spec: PoolingSpec, fitted: Fitted) -> str:
    """How a message begins."""
    return f"pooling {spec.strategy!r}: the weights {fitted.called(spec.weights or '')!r}"


def _wanted_kind(spec: PoolingSpec) -> str:
    return _COUNTS if spec.strategy in CONTENT_ONLY else _LEARNED


def _parts_of(shapes: Shapes) -> str:
    parts = {name.split(".")[0] for name in shapes}
    return " and ".join(words for part, words in _PARTS.items() if part in parts) or "nothing"


def _size_instead_of(size: int, found: Shapes, wanted: Shapes) -> int | None:
    """What the found tensors have where the wanted ones have this size, if it is one number."""
    pairs = [
        pair
        for name in found.keys() & wanted.keys()
        if len(found[name]) == len(wanted[name])
        for pair in zip(wanted[name], found[name], strict=True)
    ]
    others = {there for here, there in pairs if here == size and there != size}
    return others.pop() if len(others) == 1 else None
