"""Dry runs over small corpora: what they find is what a run finds, and nothing is stored."""

import os
import signal
from pathlib import Path
from typing import Any

import pytest

import tasks.estimating.speeds
from data import CorpusSpec, read_record
from tasks.estimating.dry_run import EstimateRequest, estimate_run
from tasks.estimating.findings import CorpusEstimate, SampleSpec
from tests.stores import files_below, tiny_store

ROOT = Path(__file__).parents[2]
TEXTS = [f"page {n} is about the number {n}" for n in range(60)]


def asked(small: Any, texts: int = 40, seconds: float = 3, **changes: Any) -> EstimateRequest:
    request = small.request(**changes)
    return EstimateRequest(
        **{name: getattr(request, name) for name in type(request).model_fields},
        sample=SampleSpec(texts=texts, seconds=seconds),
    )


def die(*_places: Any) -> None:
    """What a process does that the system ends."""
    os.kill(os.getpid(), signal.SIGKILL)


def estimate(small: Any, **changes: Any) -> CorpusEstimate:
    return estimate_run(asked(small, **changes))


def test_nothing_is_created_where_no_store_is(small: Any) -> None:
    small.write("a.parquet", TEXTS)

    found = estimate(small)

    assert not small.store.exists()
    assert (found.rows, found.files, found.chunks) == (60, 1, 3)
    assert (found.owed_rows, found.owed_chunks, found.chunks_read) == (60, 3, 3)
    assert (found.new, found.reused, found.duplicates, found.rejected) == (1, 0, 0, {})


def test_a_store_is_left_as_it_was(small: Any) -> None:
    small.write("a.parquet", TEXTS)
    small.embed()
    before = files_below(small.store)
    small.write("b.parquet", [text.upper() for text in TEXTS])
    estimate(small, poolings=("cls", "mean"))

    assert files_below(small.store) == before


def test_what_is_committed_is_not_owed(small: Any) -> None:
    small.write("a.parquet", TEXTS)
    small.embed()
    small.write("b.parquet", [f"another {text}" for text in TEXTS[:20]])

    found = estimate(small)

    assert (found.rows, found.owed_rows, found.owed_chunks) == (80, 20, 1)
    assert found.new == 1
    documents, space = found.outputs
    assert documents.size_bytes.value / 20 < 200
    assert 500 < space.size_bytes.value / 20 < 900  # 128 float32 and their key


def test_another_pooling_owes_its_own_space_alone(small: Any) -> None:
    small.write("a.parquet", TEXTS)
    small.embed()

    documents, mean, cls = estimate(small, poolings=("mean", "cls")).outputs

    assert (documents.size_bytes.value, mean.size_bytes.value) == (0, 0)
    assert cls.size_bytes.value > 0


def test_texts_that_are_stored_need_no_model(small: Any) -> None:
    small.write("a.parquet", TEXTS)
    small.embed()
    small.write("b.parquet", TEXTS[:30] + [f"another {text}" for text in TEXTS[:10]])

    found = estimate(small, seconds=600)

    assert (found.new, found.reused) == (0.25, 0.75)
    assert found.texts is not None
    assert found.texts.num_texts == 10


def test_where_all_is_stored_no_model_is_tried(small: Any) -> None:
    small.write("a.parquet", TEXTS)
    small.embed()
    small.write("b.parquet", TEXTS[:40])
    small.num_forwarded = 0

    found = estimate(small)

    assert (found.reused, found.pace, small.num_forwarded) == (1, None, 0)
    assert "no text of the sample needs the model" in found.notes[0]


def test_where_nothing_is_owed_nothing_is_read(small: Any) -> None:
    small.write("a.parquet", TEXTS)
    small.embed()
    small.num_forwarded = 0

    found = estimate(small)

    assert (found.owed_rows, found.chunks_read, found.outputs, found.notes) == (0, 0, (), ())
    assert small.num_forwarded == 0


def test_rejects_and_duplicates_are_counted(small: Any) -> None:
    small.write("a.parquet", [*TEXTS[:10], *TEXTS[:5], None, None, "", " ", "\u200b"])

    found = estimate(small)

    assert found.rejected == {"null": 0.1, "empty": 0.05, "blank": 0.05}
    assert (found.new, found.duplicates) == (0.55, 0.25)
    assert found.texts is not None
    assert found.texts.without_vector == {"no_tokens": 1 / 11}
    assert "20 % of the rows have no text" in found.notes[0]


def test_a_corpus_of_rejects_alone_would_stop_the_run_and_says_so(small: Any) -> None:
    small.write("a.parquet", [None] * 30)

    found = estimate(small)

    assert (found.new, found.texts, found.outputs) == (0, None, ())
    assert "run.max_reject_share allows 90 %" in found.notes[0]


def test_an_empty_corpus_is_refused_as_by_a_run(small: Any) -> None:
    small.write("a.parquet", [])

    with pytest.raises(ValueError, match="hold no rows"):
        estimate(small)
    assert not small.store.exists()


def test_long_texts_ask_for_windows_and_with_them_are_read_whole(small: Any) -> None:
    small.write("a.parquet", [f"{'word ' * 100}{n}" for n in range(20)])
    short = small.encoder.model_copy(update={"max_tokens": 32})

    cut = estimate(small, encoder=short)
    read = estimate(small, encoder=short.model_copy(update={"long_texts": "windows"}))

    assert cut.texts is not None
    assert read.texts is not None
    assert (cut.texts.truncated, cut.texts.windows, cut.texts.lengths[0]) == (1, 1, 103)
    assert "encoder.long_texts=windows" in cut.notes[0]
    assert (read.texts.truncated, read.texts.windows) == (0, 4)  # 101 tokens, 30 a window
    assert not any("long_texts" in note for note in read.notes)


def test_a_tokenizer_of_another_language_is_noticed(small: Any) -> None:
    small.write("a.parquet", [f"\u13a0\u13a1 \u13a2\u13a3 \u13a4 page {n}" for n in range(20)])

    found = estimate(small)

    assert found.texts is not None
    assert found.texts.unknown > 0.3
    assert any("Choose another model" in note for note in found.notes)


def test_the_sample_is_as_small_as_asked_and_spread_over_all_files(small: Any) -> None:
    for name in "abcdefgh":
        small.write(f"{name}.parquet", [f"{name} {text}" for text in TEXTS])

    found = estimate(small, texts=16)

    assert found.texts is not None
    assert (found.texts.num_texts, found.chunks_read) == (16, 16)


def test_a_file_that_cannot_be_read_is_named_and_the_others_are_tried(small: Any) -> None:
    small.write("a.parquet", TEXTS)
    (small.sources / "b.parquet").write_bytes(b"not parquet")

    found = estimate(small)

    assert found.owed_rows == 60
    assert "1 files cannot be read" in found.notes[0]
    assert "b.parquet" in found.notes[0]


def test_what_a_run_refuses_is_refused_before_the_model_is_loaded(small: Any) -> None:
    small.write("a.parquet", TEXTS)

    with pytest.raises(ValueError, match="no column 'body'"):
        estimate(small, corpus={"text_columns": ("body",)})
    with pytest.raises(ValueError, match="no model 'nothing-12345678'"):
        estimate(small, poolings=({"strategy": "idf_mean", "weights": "nothing-12345678"},))


def test_processes_are_tried_side_by_side(small: Any) -> None:
    small.write("a.parquet", TEXTS)

    found = estimate(small, runner="processes", num_processes=2)

    assert found.pace is not None
    assert found.pace.num_processes == 2
    assert found.pace.memory_bytes > 100_000_000


def test_processes_that_die_are_named_and_the_speed_is_that_of_one(
    small: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    small.write("a.parquet", TEXTS)
    monkeypatch.setattr(tasks.estimating.speeds, "_begin", die)

    found = estimate(small, runner="processes", num_processes=2)

    assert found.pace is not None
    assert found.pace.num_processes == 1
    assert "one of 2 processes died" in found.notes[0]


def test_bytes_and_tokens_are_those_of_a_real_run_over_the_committed_sample(small: Any) -> None:
    glosses = CorpusSpec(
        name="small",
        path=str(ROOT / "samples/wordnet12.parquet"),
        id_column="id",
        carry_columns=("label", "text"),
        limit=1_500,
    ).model_dump()
    said = estimate(small, corpus=glosses, texts=400, seconds=60, chunk_rows=500)
    work = small.plan(corpus=glosses, chunk_rows=500)
    receipts = small.step(work)

    store, names = tiny_store(small.store), (work.job.documents, work.job.spaces[0].dataset)
    for output, name in zip(said.outputs, names, strict=True):
        records = [read_record(store, name, chunk) for chunk in work.chunks]
        size = sum(record.part.size_bytes for record in records if record.part)
        assert output.dataset == name
        assert output.size_bytes.value == pytest.approx(size, rel=0.15)
    assert said.pace is not None
    assert said.texts is not None
    tokens = said.pace.tokens.value / said.pace.texts.value
    assert tokens == pytest.approx(sum(receipt.tokens for receipt in receipts) / 1_500, rel=0.1)
