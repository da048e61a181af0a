"""What labelers are called on the page: their titles, without what all of them share."""

import re

from tasks.comparing.comparison import Family
from tasks.training.request import TrainRequest
from tasks.training.shelf import Kept
from tasks.training.titles import head_words
from tasks.training.train import LabelerTraining

_LAYERS = re.compile(r"_layers_((?:m?\d+_)+)(mean|concat|mix)")
_FEWEST_FOR_A_RANGE = 3


def display_names(training: LabelerTraining) -> dict[str, str]:
    """A name for each title: the pooling, and its head where there are several."""
    return {kept.title: _display(training.request, kept) for kept in training.shelf}


def _display(request: TrainRequest, kept: Kept) -> str:
    own = kept.title.removeprefix(f"{request.title}_")
    return _BY_SOURCE[kept.member.labeler.spec.source.kind](request, kept, own)


def _pooling(request: TrainRequest, kept: Kept, own: str) -> str:
    heads = [head_words(head) for head in request.training.space_heads]
    head = next((each for each in (*heads, "linear") if own.endswith(f"_{each}")), "")
    space = _LAYERS.sub(_layers_words, own.removesuffix(f"_{head}"))
    return space if [head] == heads or head == "linear" else f"{space} + {head}"


def _layers_words(found: re.Match[str]) -> str:
    """`_layers_m4_m3_m2_m1_concat` becomes ` of layers -4 to -1, concat`."""
    layers = [int(each.replace("m", "-")) for each in found[1].strip("_").split("_")]
    if len(layers) == 1:
        return f" of layer {layers[0]}"
    is_range = layers == list(range(layers[0], layers[-1] + 1))
    if is_range and len(layers) >= _FEWEST_FOR_A_RANGE:
        words = f"{layers[0]} to {layers[-1]}"
    else:
        words = ", ".join(str(layer) for layer in layers[:-1]) + f" and {layers[-1]}"
    return f" of layers {words}, {found[2]}"


def _text(request: TrainRequest, kept: Kept, own: str) -> str:
    return f"words ({own})"


def _ensemble(request: TrainRequest, kept: Kept, own: str) -> str:
    return f"{own} of all {kept.reads.split()[0]}"


_BY_SOURCE = {"space": _pooling, "text": _text, "members": _ensemble}


def family_of(kept: Kept) -> Family:
    """What kind of labeler it is: by its source, and by how its head was made."""
    spec = kept.member.labeler.spec
    if spec.source.kind == "space" and spec.method.name == "linear":
        return "fine_tuned" if "_tuned_" in kept.title else "learned"
    return _FAMILIES[spec.source.kind]


_FAMILIES: dict[str, Family] = {"space": "pooling", "text": "text", "members": "ensemble"}
