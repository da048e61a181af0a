"""Tell whether a model brings a pooler of its own. Reads the names of weights, not the weights.

A BERT and its kin may end in a pooler, a layer with tanh over the classification token, which
transformers leaves out or, where the files hold none, makes up at random.
"""

import inspect
from typing import Any

from safetensors import safe_open
from transformers.models.auto.modeling_auto import MODEL_MAPPING

from embedding.folder import ModelFolder


def has_pooler(folder: ModelFolder, config: Any) -> bool:
    """Whether the weights of a pooler are in the folder, of a model that has use for them."""
    if not takes_pooler(config):
        return False
    known: Any = MODEL_MAPPING[type(config)]
    starts = ("pooler.", f"{known.base_model_prefix}.pooler.")
    return any(name.startswith(starts) for name in _weight_names(folder))


def takes_pooler(config: Any) -> bool:
    """Whether transformers can build this model with a pooler and without, by an argument."""
    known: Any = MODEL_MAPPING.get(type(config), None)
    if not inspect.isclass(known):  # a model of the folder's own code, or one of several classes
        return False
    return "add_pooling_layer" in inspect.signature(known).parameters


def _weight_names(folder: ModelFolder) -> list[str]:
    names: list[str] = []
    for path in folder.weight_files():
        with safe_open(path, framework="pt") as file:
            names += file.keys()
    return names
