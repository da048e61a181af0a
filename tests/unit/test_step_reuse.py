"""Which texts go through the model again, counted by a hook on its forward."""

import shutil
from pathlib import Path
from typing import Any

import pytest

import tasks.step
from embedding import EncoderSpec
from pooling import PoolingSpec
from tasks.step import embed_step

MEAN, CLS = PoolingSpec(strategy="mean"), PoolingSpec(strategy="cls")


def texts_of(name: str, count: int = 30) -> list[str]:
    return [f"{name} paragraph number {n}" for n in range(count)]


@pytest.fixture
def embedded(small: Any) -> Any:
    """Two files of 30 texts, embedded and published."""
    small.write("a.parquet", texts_of("alpha"))
    small.write("b.parquet", texts_of("beta"))
    small.embed()
    assert small.num_forwarded == 60
    return small


def test_editing_one_row_of_one_file_encodes_one_text(embedded: Any) -> None:
    texts = texts_of("alpha")
    texts[17] = "an entirely new sentence"
    embedded.write("a.parquet", texts)

    summary = embedded.embed()

    assert embedded.num_forwarded == summary.encoded == 1
    assert embedded.ask("SELECT count(*) FROM documents") == [(60,)]


def test_rewriting_a_file_with_the_same_rows_encodes_none(embedded: Any) -> None:
    embedded.write("a.parquet", texts_of("alpha"), row_group_size=7)

    summary = embedded.embed()

    assert embedded.num_forwarded == 0
    assert summary.reused == 30
    assert summary.is_complete


def test_renaming_a_file_encodes_none(embedded: Any) -> None:
    (embedded.sources / "a.parquet").rename(embedded.sources / "z.parquet")

    assert embedded.embed().is_complete
    assert embedded.num_forwarded == 0
    assert embedded.ask("SELECT DISTINCT file FROM documents ORDER BY file") == [
        ("b.parquet",),
        ("z.parquet",),
    ]


def test_moving_rows_to_other_files_and_chunks_encodes_none(embedded: Any) -> None:
    embedded.write("a.parquet", [*texts_of("beta"), *texts_of("alpha")][::-1])
    (embedded.sources / "b.parquet").unlink()

    embedded.embed(chunk_rows=7)

    assert embedded.num_forwarded == 0
    assert embedded.ask("SELECT count(*) FROM splade_tiny_mean") == [(60,)]


def test_another_text_column_is_not_taken_for_the_same_chunk(small: Any) -> None:
    small.write("a.parquet", texts_of("alpha"), body=texts_of("the body of alpha"))
    small.embed()
    small.embed(corpus={"text_columns": ("body",)})
    assert small.num_forwarded == 30

    small.embed(corpus={"text_columns": ("text", "body")})
    assert small.num_forwarded == 30


def test_another_separator_is_not_taken_for_the_same_chunk(small: Any) -> None:
    small.write("a.parquet", texts_of("alpha"), body=texts_of("the body of alpha"))
    small.embed(corpus={"text_columns": ("text", "body")})
    small.embed(corpus={"text_columns": ("text", "body"), "separator": " . "})

    assert small.num_forwarded == 30


@pytest.mark.parametrize(
    "changed", [{"carry_columns": ("label",)}, {"id_column": "label"}], ids=str
)
def test_reading_further_columns_encodes_none(small: Any, changed: dict[str, Any]) -> None:
    small.write("a.parquet", texts_of("alpha"), label=texts_of("label"))
    small.embed()

    assert small.embed(corpus=changed).is_complete
    assert small.num_forwarded == 0
    column = "label" if "carry_columns" in changed else "doc_id"
    first = f'SELECT {column} FROM documents ORDER BY "row" LIMIT 1'
    assert small.ask(first) == [("label paragraph number 0",)]


def test_a_second_run_encodes_none_and_loads_no_model(
    embedded: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any) -> None:
        pytest.fail("the model was loaded")

    monkeypatch.setattr(tasks.step, "job_encoder", refuse)

    summary = embedded.embed()

    assert (summary.encoded, summary.chunks, summary.is_complete) == (0, 0, True)


def test_rewritten_files_are_reused_without_loading_the_model(
    embedded: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tasks.step, "job_encoder", lambda *_: pytest.fail("it was loaded"))
    embedded.write("a.parquet", texts_of("alpha"), row_group_size=5)

    assert embedded.embed().reused == 30


def test_the_same_files_under_another_corpus_name_encode_none(embedded: Any) -> None:
    embedded.embed(corpus={"name": "second"})

    assert embedded.num_forwarded == 0
    assert embedded.ask("SELECT corpus, count(*) FROM documents GROUP BY ALL ORDER BY ALL") == [
        ("second", 60),
        ("small", 60),
    ]


def test_a_second_corpus_over_the_same_files_that_stops_early_is_published_as_incomplete(
    embedded: Any,
) -> None:
    work = embedded.plan(corpus={"name": "second"})
    (receipt, *_) = embed_step(work.job, work.chunks[:1])

    summary = embedded.publish(work, [receipt])

    assert (summary.is_complete, summary.owed_chunks) == (False, len(work.chunks) - 1)
    vectors = "SELECT corpus, vectors FROM spaces ORDER BY corpus"
    assert embedded.ask(vectors) == [("second", receipt.documents), ("small", 60)]


def test_another_corpus_with_some_of_the_texts_encodes_the_others(embedded: Any) -> None:
    other = embedded.sources.parent / "other"
    other.mkdir()
    path = embedded.write("c.parquet", [*texts_of("beta", 10), *texts_of("gamma", 4)])
    path.rename(other / "c.parquet")

    embedded.embed(corpus={"name": "other", "path": str(other)})

    assert embedded.num_forwarded == 4


def test_a_raised_row_limit_encodes_the_rest(small: Any) -> None:
    small.write("a.parquet", texts_of("alpha"))
    small.embed(corpus={"limit": 10})
    assert small.num_forwarded == 10

    small.embed()
    assert small.num_forwarded == 20


def test_a_deleted_file_is_gone_from_the_catalog_and_costs_nothing(embedded: Any) -> None:
    (embedded.sources / "b.parquet").unlink()

    assert embedded.embed().is_complete
    assert embedded.num_forwarded == 0
    assert embedded.ask("SELECT count(*) FROM documents") == [(30,)]


def test_a_lost_catalog_loses_speed_and_no_row(embedded: Any) -> None:
    (embedded.store / "catalog.duckdb").unlink()
    embedded.write("a.parquet", texts_of("alpha"), row_group_size=3)

    embedded.embed()

    assert embedded.num_forwarded == 30
    assert embedded.ask("SELECT count(*) FROM documents") == [(60,)]


def test_a_moved_model_folder_is_the_same_space(embedded: Any, tmp_path: Path) -> None:
    moved = tmp_path / "elsewhere"
    shutil.copytree(embedded.encoder.model, moved)

    work = embedded.plan(encoder=EncoderSpec(model=str(moved), device="cpu"))

    assert work.chunks == ()
    assert work.job.spaces == embedded.plan().job.spaces
