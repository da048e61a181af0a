"""Out of memory: recognised, remembered, and never the end of a run that could go on."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from embedding import Encoder, EncoderSpec, load_encoder
from embedding.device import choose_device, default_token_budget, is_out_of_memory
from pooling import PoolingSpec

MakeEncoder = Callable[..., Encoder]
RAW = PoolingSpec(normalize=False)
TEXTS = [f"w{i}" for i in range(8)]  # three tokens each


FULL = {
    "type": torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB"),
    "cuda": RuntimeError("CUDA error: out of memory"),
    "cublas": RuntimeError(
        "CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"
    ),
    "cpu": RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried to"),
    "mps": RuntimeError("MPS backend out of memory (MPS allocated: 17.9 GB)"),
    "mps buffer": RuntimeError("Invalid buffer size: 20.00 GB"),
    "python": MemoryError(),
}
in_all_words = pytest.mark.parametrize("error", FULL.values(), ids=FULL)


@in_all_words
def test_a_full_memory_is_recognised_by_type_and_by_message(error: Exception) -> None:
    assert is_out_of_memory(error)


@pytest.mark.parametrize(
    "error", [RuntimeError("device-side assert triggered"), ValueError("out of memory")]
)
def test_other_errors_are_not_taken_for_it(error: Exception) -> None:
    assert not is_out_of_memory(error)


def test_the_budget_halves_until_the_batch_fits(make_arithmetic_encoder: MakeEncoder) -> None:
    encoder = make_arithmetic_encoder(budget=4_096, trouble={"capacity": 9})
    vectors = encoder.encode(TEXTS, RAW)
    assert encoder.parts.transformer.module.sizes == [(2, 3)] * 4
    assert encoder.token_budget == 6  # eight texts cost 24, then 12, then 6
    np.testing.assert_array_equal(vectors, make_arithmetic_encoder().encode(TEXTS, RAW))


def test_the_smaller_budget_is_remembered(make_arithmetic_encoder: MakeEncoder) -> None:
    encoder = make_arithmetic_encoder(budget=24, trouble={"capacity": 12})
    list(encoder.encode_groups([TEXTS, TEXTS], [RAW]))
    assert encoder.token_budget == 12
    assert encoder.parts.transformer.module.sizes == [(4, 3)] * 4


@in_all_words
def test_whatever_a_full_memory_says_each_vector_is_what_it_is_elsewhere(
    make_arithmetic_encoder: MakeEncoder, error: Exception
) -> None:
    texts = [" ".join(f"w{i + n}" for n in range(i % 5 + 1)) for i in range(40)]
    encoder = make_arithmetic_encoder(trouble={"capacity": 20, "error": error})
    vectors = encoder.encode(texts, RAW)
    assert encoder.token_budget < 40
    np.testing.assert_array_equal(vectors, make_arithmetic_encoder().encode(texts, RAW))


def test_one_text_that_does_not_fit_is_a_clear_error(make_arithmetic_encoder: MakeEncoder) -> None:
    encoder = make_arithmetic_encoder(trouble={"capacity": 12})
    with pytest.raises(MemoryError, match=r"one text of 22 tokens does not fit .* of cpu"):
        encoder.encode(["w1 " * 20], RAW)


def test_an_error_of_the_device_is_not_tried_again(make_arithmetic_encoder: MakeEncoder) -> None:
    error = RuntimeError("device-side assert triggered")
    encoder = make_arithmetic_encoder(trouble={"capacity": 12, "error": error})
    with pytest.raises(RuntimeError, match="device-side assert"):
        encoder.encode(TEXTS, RAW)
    assert encoder.token_budget == 4_096


def test_a_device_that_is_not_here_is_refused_with_those_that_are() -> None:
    with pytest.raises(ValueError, match=r"'cuda:99' is not on this machine; found .*cpu"):
        choose_device("cuda:99")
    assert choose_device("cpu") == "cpu"


def test_auto_takes_a_gpu_if_there_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    assert choose_device("auto") == choose_device("cuda") == "cuda:0"
    assert choose_device("cuda:1") == "cuda:1"


@pytest.mark.parametrize(("device", "budget"), [("cpu", 2_048), ("cuda:1", 32_768)])
def test_each_kind_of_device_has_its_budget(device: str, budget: int) -> None:
    assert default_token_budget(device) == budget


def test_float32_means_that_tf32_is_off(make_folder: Callable[..., Path]) -> None:
    torch.set_float32_matmul_precision("high")
    load_encoder(EncoderSpec(model=str(make_folder()), device="cpu"))
    assert torch.get_float32_matmul_precision() == "highest"
    assert not torch.backends.cudnn.allow_tf32
