"""Batches side by side, a thread for each core: order, errors, memory, and what others notice."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier, Event, Thread, Timer, current_thread
from time import sleep
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from transformers import BertConfig

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


def test_who_stops_asking_waits_for_what_was_begun_and_no_more_begins(
    threads: ThreadPoolExecutor,
) -> None:
    begun, may_end = [], Event()

    def work(number: int) -> int:
        begun.append(number)
        if number:
            assert may_end.wait(timeout=30)
        return number

    results = map_ahead(threads, work, range(9), ahead=9)
    assert next(results) == 0
    while len(begun) < 4:  # all three threads are at work again
        sleep(0.001)
    Timer(0.05, may_end.set).start()
    results.close()
    assert begun == [0, 1, 2, 3]


def test_threads_that_cannot_all_begin_keep_no_interpreter_from_ending(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before, begun = torch.get_num_threads(), []
    start = Thread.start

    def start_one(thread: Thread) -> None:
        if begun:
            raise RuntimeError("can't start new thread")
        begun.append(thread)
        start(thread)

    with monkeypatch.context() as patched:
        patched.setattr(Thread, "start", start_one)
        with pytest.raises(RuntimeError, match="can't start"):
            open_threads(3)
    begun[0].join(timeout=30)
    assert not begun[0].is_alive()
    assert torch.get_num_threads() == before


@pytest.mark.parametrize(
    ("device", "config", "is_foreign", "is_one"),
    [
        ("cpu", {}, False, False),
        ("cuda:0", {}, False, True),
        ("cpu", {}, True, True),
        ("cpu", {"rope_parameters": {"rope_type": "dynamic", "factor": 2.0}}, False, True),
        ("cpu", {"rope_parameters": {"rope_type": "default"}}, False, False),
    ],
)
def test_models_that_may_change_on_the_way_have_one_thread(
    device: str, config: dict[str, Any], is_foreign: bool, is_one: bool
) -> None:
    found = count_threads(device, BertConfig(**config), is_foreign=is_foreign)
    assert found == (1 if is_one else torch.get_num_threads())


def test_a_caller_that_asks_torch_for_one_thread_has_one(
    make_arithmetic_encoder: MakeEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    encoder = with_threads(make_arithmetic_encoder(), 3)
    monkeypatch.setattr(torch, "get_num_threads", lambda: 1)
    encoder.encode(TEXTS * 10, RAW)
    assert "_threads" not in vars(encoder._runner)


@pytest.mark.usefixtures("_share_little")
def test_texts_above_the_budget_come_first_and_have_all_cores(
    make_arithmetic_encoder: MakeEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    encoder = with_threads(make_arithmetic_encoder(), 2, budget=20)
    names: list[tuple[int, str]] = []
    real = encoder._runner._try_batch

    def note(tokens: Any, rows: np.ndarray, work: Any) -> Any:
        names.append((int(tokens.lengths[rows[0]]), current_thread().name))
        return real(tokens, rows, work)

    monkeypatch.setattr(encoder._runner, "_try_batch", note)
    texts = ["w1 " * 25, *TEXTS, "w2 " * 22]
    expected = make_arithmetic_encoder().encode(texts, RAW)
    np.testing.assert_array_equal(encoder.encode(texts, RAW), expected)
    assert {name.startswith("core") for length, name in names if length > 20} == {False}
    assert {name.startswith("core") for length, name in names if length < 20} == {True}


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
    sizes = [len(rows) for rows in encoder._runner._cut(order, costs, num_threads=2)]
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
            both_are_full.wait(timeout=30)
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

    def go(*, is_packed: bool) -> None:
        with switch.attending(is_packed=is_packed):
            seen.append(config._attn_implementation)
            if is_packed:
                inside.wait(timeout=30)

    packed = [Thread(target=go, kwargs={"is_packed": True}) for _ in range(2)]
    padded = Thread(target=go, kwargs={"is_packed": False})
    for thread in packed:
        thread.start()
    while inside.n_waiting < 2:  # both are inside, or the barrier breaks
        sleep(0.001)
        assert not inside.broken
    padded.start()
    padded.join(timeout=0.1)
    assert seen == [IN_RUNS.name, IN_RUNS.name]
    inside.wait(timeout=30)
    for thread in [*packed, padded]:
        thread.join()
    assert seen[2:] == ["sdpa"]
    assert config._attn_implementation == "sdpa"
