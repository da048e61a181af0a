"""A file, a vector or a memory that gives out: the chunk says so, and the others go on."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from pooling import PoolingSpec
from tasks.encoders import process_encoder

TEXTS = [f"a remark about item {n}" for n in range(30)]
LONG = " ".join(["word"] * 100)


@pytest.fixture
def three_files(small: Any) -> Any:
    for name in ("a", "b", "c"):
        texts = [f"{text} of {name}" for text in TEXTS]
        options = {"compression": "none", "write_page_checksum": True, "use_dictionary": False}
        small.write(f"{name}.parquet", texts, row_group_size=10, options=options)
    return small


def damage(path: Path, found: bytes) -> None:
    """Turn one letter of a page's data into another; the checksum tells."""
    raw = path.read_bytes()
    assert raw.count(found) == 1
    path.write_bytes(raw.replace(found, found[:-1] + b"#"))


class Cramped:
    """A transformer that runs out of memory above so many padded tokens."""

    def __init__(self, small: Any, monkeypatch: pytest.MonkeyPatch, capacity: int) -> None:
        encoder = process_encoder(small.encoder, None)
        self.encoder = encoder
        hook = encoder.parts.transformer.module.register_forward_pre_hook(
            self.refuse, with_kwargs=True
        )
        self.capacity, self.remove = capacity, hook.remove
        monkeypatch.setattr(encoder._runner, "token_budget", encoder.token_budget)

    def refuse(self, _module: Any, _args: Any, inputs: dict[str, torch.Tensor]) -> None:
        if inputs["input_ids"].numel() > self.capacity:
            raise torch.OutOfMemoryError("CUDA out of memory")


def test_a_damaged_page_fails_its_chunk_and_no_other(three_files: Any) -> None:
    damage(three_files.sources / "b.parquet", b"item 25 of b")

    work = three_files.plan(chunk_rows=10)
    receipts = three_files.step(work)
    summary = three_files.publish(work, receipts)

    (failure,) = [receipt.failure for receipt in receipts if receipt.failure]
    assert failure.startswith("b.parquet rows 20-29: it is damaged")
    assert (summary.is_complete, summary.problems) == (False, (failure,))
    assert three_files.ask("SELECT file, count(*) FROM documents GROUP BY ALL ORDER BY ALL") == [
        ("a.parquet", 30),
        ("b.parquet", 20),
        ("c.parquet", 30),
    ]


def test_a_damaged_page_is_tolerated_on_demand_and_still_named(three_files: Any) -> None:
    damage(three_files.sources / "b.parquet", b"item 25 of b")

    summary = three_files.embed(chunk_rows=10, tolerate_unreadable=True)

    assert (summary.is_complete, summary.owed_chunks) == (True, 1)
    assert any("b.parquet rows" in text for text in summary.tolerated)
    owed = "SELECT DISTINCT file, row_start FROM chunks WHERE NOT is_committed"
    assert three_files.ask(owed) == [("b.parquet", 20)]


def test_a_file_changed_after_planning_fails_its_chunks_and_no_others(three_files: Any) -> None:
    work = three_files.plan()
    three_files.write("b.parquet", TEXTS[:10])

    receipts = three_files.step(work)

    assert [receipt.failure is None for receipt in receipts] == [True, True, False, False] + [
        True
    ] * 2
    assert "changed after it was planned" in receipts[2].failure
    assert not three_files.publish(work, receipts).is_complete

    summary = three_files.embed()
    assert summary.is_complete
    assert three_files.num_forwarded == 10


@pytest.mark.parametrize("tolerate", [False, True])
def test_a_file_that_is_not_parquet_ends_the_run_as_incomplete_unless_tolerated(
    three_files: Any, tolerate: bool
) -> None:
    (three_files.sources / "b.parquet").write_text("not Parquet at all")

    summary = three_files.embed(tolerate_unreadable=tolerate)

    assert summary.is_complete is tolerate
    assert any("b.parquet" in problem for problem in summary.problems) is not tolerate
    assert any("b.parquet" in text for text in summary.tolerated) is tolerate
    assert three_files.ask("SELECT file FROM unreadable_files") == [("b.parquet",)]
    assert three_files.ask("SELECT count(*) FROM splade_tiny_mean") == [(60,)]


def test_a_run_that_stopped_early_is_published_and_the_next_does_the_rest(
    three_files: Any,
) -> None:
    work = three_files.plan()
    done = three_files.step(work.model_copy(update={"chunks": work.chunks[:2]}))
    summary = three_files.publish(work, done, "stopped")

    assert (summary.is_complete, summary.owed_chunks) == (False, 4)
    assert three_files.ask("SELECT vectors, owed_chunks FROM spaces") == [(30, 4)]

    assert three_files.embed().is_complete
    assert three_files.num_forwarded == 60


def test_out_of_memory_halves_the_budget_and_the_receipt_says_so(
    small: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    small.write("a.parquet", TEXTS)
    reference = process_encoder(small.encoder, None).encode(TEXTS, PoolingSpec(strategy="mean"))
    cramped = Cramped(small, monkeypatch, capacity=64)
    before = cramped.encoder.token_budget
    work = small.plan(chunk_rows=30)

    try:
        (receipt,) = small.step(work)
    finally:
        cramped.remove()

    assert receipt.is_committed
    assert receipt.token_budget == cramped.encoder.token_budget
    assert receipt.token_budget is not None
    assert 8 <= receipt.token_budget <= 64 < before
    small.publish(work, [receipt])
    stored = small.ask("SELECT vector FROM splade_tiny_mean ORDER BY row")
    np.testing.assert_allclose([vector for (vector,) in stored], reference, atol=1e-6)


def test_a_text_that_does_not_fit_alone_fails_its_chunk_and_leaves_the_others(
    small: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    small.write("a.parquet", TEXTS[:10])
    small.write("b.parquet", [*TEXTS[10:20], LONG])
    small.write("c.parquet", TEXTS[20:])
    work = small.plan()
    cramped = Cramped(small, monkeypatch, capacity=64)

    try:
        receipts = small.step(work)
    finally:
        cramped.remove()

    assert [receipt.failure is None for receipt in receipts] == [True, False, True]
    assert "b.parquet rows 0-10: one text of 102 tokens" in str(receipts[1].failure)
    for dataset in (work.job.documents, work.job.spaces[0].dataset):
        assert small.files(dataset, "commits") == {f"{work.chunks[n]}.json" for n in (0, 2)}
        assert len(small.files(dataset, "parts")) == 2


def test_texts_whose_stored_part_is_damaged_are_encoded(
    small: Any, caplog: pytest.LogCaptureFixture
) -> None:
    texts = [f"paragraph {n}" for n in range(40)]
    small.write("a.parquet", texts)
    small.embed()
    dataset = small.plan().job.spaces[0].dataset
    name = min(name for name in small.files(dataset, "parts") if "rejects" not in name)
    (small.store / "datasets" / dataset / "parts" / name).write_bytes(b"PAR1")
    small.write("a.parquet", texts, row_group_size=10)

    summary = small.embed()

    assert summary.is_complete
    assert (summary.encoded, summary.reused) == (20, 20)
    assert f"{name} is damaged" in caplog.text
