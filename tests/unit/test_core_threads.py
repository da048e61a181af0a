"""Batches side by side, a thread for each core: order, errors, memory, and what others notice."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier, Event, Thread
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from embedding import Encoder, EncoderSpec, load_encoder
from embedding import runner as runner_module
from embedding.core_threads import count_threads, map_ahead, open_threads
from embedding.packed_attention import IN_RUNS, AttentionSwitch
from embedding.runner import BatchRunner
from pooling import PoolingSpec

MakeEncoder = Callable[..., Encoder]
RAW = PoolingSpec(normalize=False)
TEXTS = [" ".join(f"w{(i + n) % 60}" for n in range(i % 7 + 1)) for i in range(200)]


@pytest.fixture
def threads() -> Iterator[ThreadPoolExecutor]:
    with open_threads(3) as opened:
        yield opened


@pytest.fixture
def _share_little(monkeypatch: pytest.MonkeyPatch) -> None:
    """Share out even what a test has time for."""
    monkeypatch.setattr(runner_module, "LEAST_SHARE", 16)


def with_threads(encoder: Encoder, count: int, *, budget: int | None = None) -> Encoder:
    parts = encoder.parts
    encoder._runner = BatchRunner(
        parts.transformer,
        parts.tokenizer.template,
        token_budget=budget or encoder.token_budget,
        num_threads=count,
    )
    return encoder


def test_each_computes_alone_and_others_as_before(threads: ThreadPoolExecutor) -> None:
    before, found = torch.get_num_threads(), []
    alone = [threads.submit(torch.get_num_threads).result() for _ in range(6)]
    later = Thread(target=lambda: found.append(torch.get_num_threads()))
    later.start()
    later.join()
    assert alone == [1] * 6
    assert [*found, torch.get_num_threads()] == [before, before]


def test_results_come_in_order_and_few_are_begun_ahead(threads: ThreadPoolExecutor) -> None:
    asked = []

    def items() -> Iterator[int]:
        for number in range(10):
            asked.append(number)
            yield number

    results = map_ahead(threads, lambda number: number * number, items(), ahead=4)
    assert (next(results), len(asked)) == (0, 4)
    assert list(results) == [number * number for number in range(1, 10)]


def test_who_stops_asking_waits_for_what_was_begun(threads: ThreadPoolExecutor) -> None:
    begun, may_end = [], Event()

    def work(number: int) -> int:
        begun.append(number)
        may_end.wait()
        return number

    results = map_ahead(threads, work, range(9), ahead=9)
    Thread(target=may_end.set).start()
    assert next(results) == 0
    results.close()
    done = len(begun)
    assert done < 9 or threads.submit(len, begun).result() == done


def test_a_cpu_has_as_many_as_torch_and_a_gpu_one() -> None:
    assert count_threads("cpu") == torch.get_num_threads()
    assert count_threads("cuda:0") == 1


@pytest.mark.usefixtures("_share_little")
@pytest.mark.parametrize("count", [2, 5])
def test_vectors_are_those_of_one_thread(tiny_bert: Path, count: int) -> None:
    encoder = load_encoder(EncoderSpec(model=str(tiny_bert), device="cpu"))
    texts = [" ".join(["a", "longer", "text"] * (i % 9 + 1)) + str(i) for i in range(120)]
    expected = with_threads(encoder, 1).encode(texts)
    found = with_threads(encoder, count).encode(texts)
    np.testing.assert_allclose(found, expected, atol=1e-6)


@pytest.mark.usefixtures("_share_little")
def test_batches_become_smaller_towards_the_end(make_arithmetic_encoder: MakeEncoder) -> None:
    encoder = with_threads(make_arithmetic_encoder(), 2, budget=100)
    order, costs = np.arange(100), np.full(100, 8)
    sizes = [len(rows) for rows in encoder._runner._cut(order, costs, 2)]
    assert sum(sizes) == 100
    assert sizes == sorted(sizes, reverse=True)
    assert (sizes[0], sizes[-2]) == (12, 2)


@pytest.mark.usefixtures("_share_little")
def test_full_memory_in_several_threads_halves_the_budget_once(
    make_arithmetic_encoder: MakeEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    both_are_full = Barrier(2)
    failed: list[int] = []
    encoder = with_threads(make_arithmetic_encoder(), 2, budget=64)
    module = encoder.parts.transformer.module

    def forward(*given: object, **inputs: torch.Tensor) -> object:
        if len(failed) < 2:
            failed.append(1)
            both_are_full.wait()
            raise RuntimeError("out of memory")
        return real(*given, **inputs)

    real = module.forward
    monkeypatch.setattr(module, "forward", forward)
    vectors = encoder.encode(TEXTS, RAW)
    assert 24 <= encoder.token_budget <= 32
    np.testing.assert_array_equal(vectors, make_arithmetic_encoder().encode(TEXTS, RAW))


@pytest.mark.usefixtures("_share_little")
def test_an_error_reaches_who_asked_and_the_next_texts_are_encoded(
    make_arithmetic_encoder: MakeEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    encoder = with_threads(make_arithmetic_encoder(), 2, budget=64)
    module = encoder.parts.transformer.module

    def fail(*_: object, **__: object) -> object:
        raise RuntimeError("device-side assert triggered")

    with monkeypatch.context() as patched:
        patched.setattr(module, "forward", fail)
        with pytest.raises(RuntimeError, match="device-side assert"):
            encoder.encode(TEXTS, RAW)
    assert encoder.encode(TEXTS, RAW).shape == (len(TEXTS), 3)


def test_threads_that_attend_alike_go_at_once_and_others_wait() -> None:
    config = SimpleNamespace(_attn_implementation="sdpa")
    switch, inside, seen = AttentionSwitch(config, IN_RUNS), Barrier(3), []

    def go(*, in_runs: bool) -> None:
        with switch.attending(is_packed=in_runs):
            seen.append(config._attn_implementation)
            if in_runs:
                inside.wait(timeout=30)

    packed = [Thread(target=go, kwargs={"in_runs": True}) for _ in range(2)]
    for thread in packed:
        thread.start()
    while len(seen) < 2:
        pass
    padded = Thread(target=go, kwargs={"in_runs": False})
    padded.start()
    inside.wait(timeout=30)
    for thread in [*packed, padded]:
        thread.join()
    assert seen == [IN_RUNS.name, IN_RUNS.name, "sdpa"]
    assert config._attn_implementation == "sdpa"
