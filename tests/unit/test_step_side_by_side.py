"""Two chunks at once, as beside a GPU: in order, each row once, the model loaded once."""

from typing import Any

import pytest

import tasks.encoders
import tasks.step
from embedding import load_encoder
from pooling import PoolingSpec
from tasks.encoders import process_encoder
from tasks.side_by_side import side_by_side
from tests.small_corpus import meet_before

MEAN, CLS = PoolingSpec(strategy="mean"), PoolingSpec(strategy="cls")
TEXTS = [f"a page about the number {n}" for n in range(45)]


@pytest.fixture
def two_at_once(small: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A corpus whose chunks are embedded in twos: neither begins before the other does."""
    meet_before("embed_rows", monkeypatch)
    monkeypatch.setattr(tasks.step, "chunks_at_once", lambda _: 2)
    return small


def test_each_row_of_two_chunks_at_once_is_embedded_once(two_at_once: Any) -> None:
    small = two_at_once
    small.write("a.parquet", [*TEXTS, *TEXTS[:15]])
    work = small.plan(chunk_rows=15, poolings=(MEAN, CLS))

    receipts = small.step(work)

    assert [receipt.chunk for receipt in receipts] == list(work.chunks)
    assert small.num_forwarded == 45  # the last chunk repeats the first, which was done by then
    assert small.publish(work, receipts).is_complete
    (expected,) = load_encoder(small.encoder).encode_groups([TEXTS], [MEAN, CLS])
    for name, vectors in zip(("mean", "cls"), expected.vectors, strict=True):
        found = small.ask(f"""
            SELECT row, vector FROM splade_tiny_{name} JOIN documents USING (chunk, row)
            ORDER BY row
        """)
        assert [row for row, _ in found] == list(range(60))
        for row, vector in found:
            assert vector == pytest.approx(vectors[row % 45], abs=1e-5)


def test_a_chunk_that_cannot_be_read_does_not_keep_the_one_beside_it(
    small: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tasks.step, "chunks_at_once", lambda _: 2)
    for name in "abc":
        small.write(f"{name}.parquet", [f"{name} {text}" for text in TEXTS[:10]])
    work = small.plan()
    (small.sources / "b.parquet").unlink()

    receipts = small.step(work)

    assert [bool(receipt.failure) for receipt in receipts] == [False, True, False]
    assert [receipt.is_committed for receipt in receipts] == [True, False, True]


def test_two_threads_load_the_model_once(two_at_once: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    small, loaded = two_at_once, []

    def load(*given: Any, **settings: Any) -> Any:
        loaded.append(given)
        return load_encoder(*given, **settings)

    monkeypatch.setattr(tasks.encoders, "load_encoder", load)
    small.write("a.parquet", TEXTS[:40])
    work = small.plan()
    process_encoder.cache_clear()
    small.step(work)
    assert len(loaded) == 1


@pytest.mark.parametrize(("device", "expected"), [("cpu", 1), ("cuda:0", 2)])
def test_only_beside_a_gpu_there_are_two(
    small: Any, monkeypatch: pytest.MonkeyPatch, device: str, expected: int
) -> None:
    small.write("a.parquet", TEXTS)
    work = small.plan()
    monkeypatch.setattr(tasks.step, "choose_device", lambda _: device)
    assert tasks.step.chunks_at_once(work.job) == expected


@pytest.mark.parametrize("at_once", [1, 2, 3])
def test_results_come_in_order_and_items_are_taken_as_there_is_room(at_once: int) -> None:
    taken: list[int] = []

    def items() -> Any:
        for number in range(6):
            taken.append(number)
            yield number

    found = side_by_side(lambda number: number, items(), at_once)
    ahead = [len(taken) - number for number in found]
    assert ahead == [min(at_once, 6 - number) for number in range(6)]


def test_what_the_work_raises_is_raised() -> None:
    with pytest.raises(ZeroDivisionError):
        list(side_by_side(lambda number: 1 // number, [1, 0, 1], 2))
    with pytest.raises(ZeroDivisionError):
        list(side_by_side(lambda number: 1 // number, [1, 0, 1], 1))
