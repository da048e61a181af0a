"""Whole runs of the flow under a temporary Prefect server: states, messages and artifacts."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterFlowRunId
from prefect.client.schemas.objects import State
from prefect.testing.utilities import prefect_test_harness

import flows.embed_corpus
import tasks.embed_chunks
import tasks.pacing
import tasks.runners
import tasks.step
from flows.embed_corpus import RunIncomplete, embed_corpus
from flows.estimate_corpus import estimate_corpus
from flows.fit_token_weights import fit_token_weights
from tasks.plan_corpus import Work
from tasks.runners import Outcome
from tasks.token_weights import ComponentSpec

TEXTS = [f"a page about the number {n}" for n in range(30)]


@pytest.fixture(scope="module", autouse=True)
def _server() -> Iterator[None]:
    with prefect_test_harness(server_startup_timeout=120):
        yield


def run(small: Any, **changes: Any) -> State[Any]:
    asked = small.request(**changes)
    parts = {"store": asked.store, "run": asked.run}
    state: Any = embed_corpus(
        asked.corpus, asked.encoder, asked.poolings, **parts, return_state=True
    )
    return state  # type: ignore[no-any-return]


def artifacts(state: State[Any]) -> dict[str, Any]:
    """Type and data of the run's artifacts by key."""
    of_run = ArtifactFilter(
        flow_run_id=ArtifactFilterFlowRunId(any_=[state.state_details.flow_run_id])
    )
    with get_client(sync_client=True) as client:
        found = client.read_artifacts(artifact_filter=of_run)
    return {str(artifact.key): artifact.data for artifact in found}


def test_a_run_leaves_progress_and_a_summary(small: Any) -> None:
    small.write("a.parquet", TEXTS)

    state = run(small)

    assert state.is_completed()
    left = artifacts(state)
    assert left["embed-corpus-progress"] == 100
    rows = {row["what"]: row["value"] for row in json.loads(left["embed-corpus-summary"])}
    assert rows["texts encoded"] == "30"
    assert rows["documents done by this run"] == "30"


def test_a_second_run_encodes_none_and_completes(small: Any) -> None:
    small.write("a.parquet", TEXTS)
    run(small)
    small.num_forwarded = 0

    state = run(small)

    assert state.is_completed()
    assert state.result().encoded == small.num_forwarded == 0


def test_a_failed_run_says_file_and_rows_and_publishes_the_rest(small: Any) -> None:
    options = {"compression": "none", "write_page_checksum": True, "use_dictionary": False}
    path = small.write("b.parquet", TEXTS, row_group_size=10, options=options)
    path.write_bytes(path.read_bytes().replace(b"number 25", b"number !!"))
    small.write("a.parquet", [text.upper() + "?" for text in TEXTS])

    state = run(small, chunk_rows=10)

    assert state.is_failed()
    assert "b.parquet rows 20-29" in str(state.message)
    assert "published" in str(state.message)
    assert isinstance(state.result(raise_on_failure=False), RunIncomplete)
    assert small.ask("SELECT count(*) FROM documents") == [(50,)]
    assert "b.parquet rows 20-29" in artifacts(state)["embed-corpus-notes"]
    assert small.ask("SELECT state, len(failures) FROM runs") == [("incomplete", 1)]


def test_a_wrong_column_stops_the_run_before_the_model_and_says_so(small: Any) -> None:
    small.write("a.parquet", TEXTS)

    state = run(small, corpus={"text_columns": ("body",)})

    assert state.is_failed()
    assert "no column 'body'" in str(state.message)
    assert "text: string" in str(state.message)


def test_a_run_of_rejects_alone_fails_and_asks_for_the_column(small: Any) -> None:
    small.write("a.parquet", [*TEXTS[:2], *[None] * 28])

    state = run(small)

    assert state.is_failed()
    assert "28 of 30 rows were rejected" in str(state.message)
    assert "corpus.text_columns" in str(state.message)
    assert small.ask("SELECT vectors FROM spaces") == [(2,)]


def test_a_cancelled_run_publishes_what_it_has(small: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    small.write("a.parquet", TEXTS)
    monkeypatch.setattr(tasks.pacing, "TASK_S", 1e-9)  # one chunk a task
    embed_chunks = tasks.runners.embed_chunks
    calls: list[Any] = []

    def interrupted(*arguments: Any, **more: Any) -> Any:
        calls.append(arguments)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return embed_chunks(*arguments, **more)

    monkeypatch.setattr(tasks.runners, "embed_chunks", interrupted)
    asked = small.request(chunk_rows=10)

    with pytest.raises(KeyboardInterrupt):
        embed_corpus(asked.corpus, asked.encoder, asked.poolings, store=asked.store, run=asked.run)

    assert small.ask("SELECT vectors, is_complete FROM spaces") == [(10, False)]
    assert small.ask("SELECT state FROM runs") == [("incomplete",)]


def test_a_run_that_fails_counts_what_other_tasks_had_committed(
    small: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    small.write("a.parquet", TEXTS)

    def fail_at_the_first(work: Work) -> Iterator[Outcome]:
        small.step(work.model_copy(update={"chunks": work.chunks[1:]}))
        yield Outcome(work.chunks[:1], failure="the disk does not answer")

    monkeypatch.setattr(flows.embed_corpus, "run_tasks", fail_at_the_first)

    assert run(small, chunk_rows=10).is_failed()

    assert small.ask("SELECT documents, encoded, state FROM runs") == [(20, 20, "incomplete")]


def test_a_failing_disk_is_tried_again(small: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    small.write("a.parquet", TEXTS)
    monkeypatch.setattr(tasks.embed_chunks.embed_chunks, "retry_delay_seconds", 0.1)
    embed_step = tasks.embed_chunks.embed_step
    calls: list[Any] = []

    def fails_once(*arguments: Any) -> Any:
        calls.append(arguments)
        if len(calls) == 1:
            raise OSError("the disk does not answer")
        return embed_step(*arguments)

    monkeypatch.setattr(tasks.embed_chunks, "embed_step", fails_once)

    assert run(small).is_completed()
    assert small.ask("SELECT vectors FROM spaces") == [(30,)]


def test_a_task_that_is_tried_again_counts_what_it_did_before(
    small: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    small.write("a.parquet", [*TEXTS, None])
    monkeypatch.setattr(tasks.embed_chunks.embed_chunks, "retry_delay_seconds", 0.1)
    embed_chunk = tasks.step._embed_chunk
    calls: list[Any] = []

    def fails_at_the_third(*arguments: Any) -> Any:
        calls.append(arguments)
        if len(calls) == 3:
            raise OSError("the disk does not answer")
        return embed_chunk(*arguments)

    monkeypatch.setattr(tasks.step, "_embed_chunk", fails_at_the_third)

    summary = run(small, chunk_rows=8).result()

    assert len(calls) == 5  # four chunks, one of them twice
    assert (summary.documents, summary.encoded, summary.rejected) == (30, 30, 1)


def test_counting_tokens_says_what_to_type_and_that_embeds(
    small: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    small.write("a.parquet", TEXTS)
    asked = small.request()

    table, component = fit_token_weights(
        asked.corpus, asked.encoder, store=asked.store, component=ComponentSpec(sample_texts=10)
    )

    said = capsys.readouterr().out
    assert f'{{"strategy": "idf_mean", "weights": "{table.name}"}}' in said
    assert f'"weights": "{component.name}"}}' in said
    assert run(small, poolings=(*table.poolings, *component.poolings)).is_completed()
    assert small.ask("SELECT vectors FROM spaces") == [(30,)] * 3


def test_an_estimate_leaves_its_table_in_the_ui_and_nothing_in_the_store(
    small: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    small.write("a.parquet", TEXTS)
    asked = small.request()

    state: Any = estimate_corpus(
        asked.corpus, asked.encoder, asked.poolings, asked.store, asked.run, return_state=True
    )

    assert state.is_completed()
    rows = {row["what"]: row["value"] for row in json.loads(artifacts(state)["estimate-corpus"])}
    assert rows["corpus"] == "30 rows, 1 file, 2 chunks; all of it is owed"
    assert "for 30 rows of small." in capsys.readouterr().out
    assert not small.store.exists()
