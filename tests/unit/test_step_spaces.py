"""What makes another space and what does not, and how one more is filled in afterwards."""

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from embedding import load_encoder
from pooling import PoolingSpec

MEAN, CLS = PoolingSpec(strategy="mean"), PoolingSpec(strategy="cls")
TEXTS = [f"a sentence about the number {n}" for n in range(30)]


@pytest.fixture
def embedded(small: Any) -> Any:
    """One file of 30 texts in two chunks, embedded by mean and published."""
    small.write("a.parquet", TEXTS, options={"compression": "none", "write_statistics": False})
    small.embed()
    return small


def contents(folder: Path) -> dict[str, tuple[bytes, int]]:
    """Bytes and time of every file below the folder."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {str(path): (path.read_bytes(), path.stat().st_mtime_ns) for path in files}


def edit_unnoticed(path: Path, found: bytes, put: bytes) -> None:
    """Change bytes of a file that keeps its size, its footer and its time."""
    times = path.stat()
    raw = path.read_bytes()
    assert raw.count(found) == 1
    path.write_bytes(raw.replace(found, put))
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))


@pytest.fixture
def planned(small: Any) -> Any:
    small.write("a.parquet", TEXTS)
    return small


@pytest.mark.parametrize(
    "changed",
    [
        {"normalize": False},
        {"dimensions": 64},
        {"precision": "float16"},
        {"layers": (-2,)},
        {"special_tokens": False},
        {"strategy": "max"},
    ],
    ids=str,
)
def test_another_pooling_setting_makes_another_space(planned: Any, changed: Any) -> None:
    assert datasets(planned, poolings=(PoolingSpec(**changed),)) != datasets(planned)


@pytest.mark.parametrize("changed", [{"max_tokens": 12}, {"prompt": "query: "}], ids=str)
def test_another_encoder_setting_makes_another_space(planned: Any, changed: Any) -> None:
    encoder = planned.encoder.model_copy(update=changed)

    assert datasets(planned, encoder=encoder) != datasets(planned)


@pytest.mark.parametrize(
    "changed",
    [
        {"token_budget": 500},
        {"chunk_rows": 3},
        {"chunk_bytes": 100},
        {"max_reject_share": 0.1},
        {"tolerate_unreadable": True},
    ],
    ids=str,
)
def test_how_a_run_is_carried_out_makes_no_other_space(planned: Any, changed: Any) -> None:
    assert datasets(planned, **changed) == datasets(planned)


def test_the_device_makes_no_other_space(planned: Any) -> None:
    auto = planned.encoder.model_copy(update={"device": "auto"})

    assert datasets(planned, encoder=auto) == datasets(planned)


def datasets(small: Any, **changes: Any) -> list[str]:
    job = small.plan(**changes).job
    return [job.documents, *(space.dataset for space in job.spaces)]


def test_adding_a_pooling_fills_only_its_own_space(embedded: Any) -> None:
    job = embedded.plan().job
    known = [embedded.store / "datasets" / name for name in (job.documents, job.spaces[0].dataset)]
    before = [contents(folder) for folder in known]

    summary = embedded.embed(poolings=(MEAN, CLS))

    assert [contents(folder) for folder in known] == before
    assert summary.is_complete
    assert embedded.num_forwarded == 30
    assert embedded.ask("SELECT space, vectors, is_complete FROM spaces ORDER BY space") == [
        ("splade_tiny_cls", 30, True),
        ("splade_tiny_mean", 30, True),
    ]


def test_a_pooling_asked_for_twice_is_one_space(embedded: Any) -> None:
    assert len(embedded.plan(poolings=(MEAN, CLS, MEAN)).job.spaces) == 2


def test_a_run_of_fewer_poolings_keeps_the_other_space(embedded: Any) -> None:
    embedded.embed(poolings=(MEAN, CLS))
    embedded.embed(poolings=(CLS,))

    assert embedded.ask("SELECT vectors FROM spaces") == [(30,), (30,)]


def test_one_forward_pass_serves_all_poolings(small: Any) -> None:
    small.write("a.parquet", TEXTS)

    small.embed(poolings=tuple(PoolingSpec(strategy=name) for name in ("mean", "max", "cls")))

    assert small.num_forwarded == 30


def test_a_backfill_over_other_texts_is_refused_and_commits_nothing(embedded: Any) -> None:
    edit_unnoticed(embedded.sources / "a.parquet", b"number 7", b"number 8")

    work = embedded.plan(poolings=(MEAN, CLS))
    receipts = embedded.step(work)

    assert [receipt.failure is None for receipt in receipts] == [False, True]
    assert "a.parquet rows 0-14: the file was changed after its documents" in str(
        receipts[0].failure
    )
    assert embedded.files(work.job.spaces[1].dataset, "commits") == {f"{work.chunks[1]}.json"}
    assert len(embedded.files(work.job.spaces[1].dataset, "parts")) == 1


def test_stored_half_precision_and_cut_vectors_are_the_encoder_s(embedded: Any) -> None:
    pooling = PoolingSpec(strategy="mean", dimensions=48, precision="float16")
    embedded.embed(poolings=(pooling,))

    rows = embedded.ask('SELECT vector FROM splade_tiny_mean_d48_f16 ORDER BY "row"')
    expected = load_encoder(embedded.encoder).encode(TEXTS, pooling)
    np.testing.assert_allclose(np.array([v for (v,) in rows]), expected, atol=1e-3)
    assert expected.shape == (30, 48)


@pytest.mark.parametrize(
    "pooling", [PoolingSpec(precision="float16"), PoolingSpec(strategy="max_min", normalize=False)]
)
def test_reused_vectors_are_the_stored_ones_bit_by_bit(small: Any, pooling: PoolingSpec) -> None:
    small.write("a.parquet", TEXTS)
    small.embed(poolings=(pooling,))
    ((view,),) = small.ask("SELECT space FROM spaces")
    query = f'SELECT v.vector FROM {view} v JOIN documents d USING (chunk, "row") ORDER BY d.text'
    carried = {"carry_columns": ("text",)}
    small.embed(poolings=(pooling,), corpus=carried)
    small.write("z.parquet", TEXTS[::-1], row_group_size=4)
    (small.sources / "a.parquet").unlink()
    before = small.ask(query)

    small.embed(poolings=(pooling,), corpus=carried)

    assert small.num_forwarded == 0
    assert small.ask(query) == before
