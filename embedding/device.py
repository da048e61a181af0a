"""Choose the device, and recognise when its memory is full. Knows torch, no model."""

import torch

from embedding.spec import Dtype

# A budget counts padded tokens and attention's share (batches.py). On a CPU 2,048 to 4,096 are
# equally fast and more is slower; every thread has a batch, so that the least of them takes memory.
TOKEN_BUDGETS = {"cpu": 2_048, "mps": 8_192, "cuda": 32_768}

# Some out-of-memory errors are plain RuntimeErrors and show only in their message.
FULL = (
    "out of memory",
    "can't allocate memory",
    "cannot allocate memory",
    "not enough memory",
    "alloc_failed",
    "invalid buffer size",
)


def choose_device(wanted: str) -> str:
    """The device to use, such as cpu or cuda:0; `auto` takes a GPU if there is one.

    Raises:
        ValueError: The device that is wanted is not here.
    """
    here = _devices_here()
    if wanted == "auto":
        return here[0]
    device = "cuda:0" if wanted == "cuda" else wanted
    if device not in here:
        raise ValueError(
            f"device {wanted!r} is not on this machine; found {', '.join(here)}. "
            "Set encoder.device to one of these, or to auto."
        )
    return device


def default_token_budget(device: str) -> int:
    """How much goes into one batch on such a device before anything is measured."""
    return TOKEN_BUDGETS[torch.device(device).type]


def compute_exactly(dtype: Dtype) -> None:
    """Turn TF32 off where float32 is asked for: it keeps 10 of 23 bits and is not float32."""
    if dtype == "float32":
        torch.set_float32_matmul_precision("highest")
        torch.backends.cudnn.allow_tf32 = False


def is_out_of_memory(error: BaseException) -> bool:
    """Whether the error says that memory is full, by its type or by its message."""
    if isinstance(error, torch.OutOfMemoryError | MemoryError):
        return True
    return isinstance(error, RuntimeError) and any(sign in str(error).lower() for sign in FULL)


def release_memory(device: str) -> None:
    """Give cached blocks back to the device, so that a smaller batch finds room."""
    if device.startswith("cuda"):
        torch.cuda.empty_cache()
    elif device == "mps":
        torch.mps.empty_cache()


def _devices_here() -> list[str]:
    """All devices, the preferred one first."""
    here = [f"cuda:{index}" for index in range(torch.cuda.device_count())]
    if torch.backends.mps.is_available():
        here.append("mps")
    return [*here, "cpu"]
