"""Which texts a labeler was trained or tested on, kept beside it: it says nothing new of these.

Knows the numbers of their hashes, 8 bytes a text. No part of a labeler's identity.
"""

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load, save

from data.records.models import DamagedModel
from data.stores.store import Store, read_bytes

_FILE, _TENSOR = "trained_on.safetensors", "hashes"


def save_trained_on(store: Store, name: str, numbers: np.ndarray) -> None:
    """Keep the hash numbers of the texts; what is there already stays."""
    store.create(f"models/{name}/{_FILE}", save({_TENSOR: np.unique(numbers)}))


def read_trained_on(store: Store, name: str) -> np.ndarray:
    """The hash numbers, ascending; none of a labeler of which they were not kept.

    Raises:
        DamagedModel: the file cannot be read.
    """
    key = f"models/{name}/{_FILE}"
    try:
        return np.asarray(load(read_bytes(store, key))[_TENSOR])
    except FileNotFoundError:
        return np.empty(0, np.uint64)
    except (SafetensorError, KeyError) as error:
        raise DamagedModel(f"{key} is damaged ({error}). Remove it.") from error
