"""The flows of labels under a temporary Prefect server: states, messages and artifacts."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterFlowRunId
from prefect.client.schemas.objects import State
from prefect.testing.utilities import prefect_test_harness

import tasks.labelling.night
import tasks.labelling.step
from data import labelers_in_force, load_runs, open_existing_store
from flows.embed_corpus import RunIncomplete
from flows.label_corpus import label_corpus
from flows.train_labeler import train_labeler
from tasks.training.request import TrainingSpec
from tests.nights import CARRIED, HALVES, labelled_rows, put_in_force, request_night, write_rows

DRAWN = "SELECT count(*) FROM audit_sample WHERE starts_with(doc_id, 'b.parquet')"


@pytest.fixture(scope="module", autouse=True)
def _server() -> Iterator[None]:
    with prefect_test_harness(server_startup_timeout=300):
        yield


def artifacts(state: State[Any]) -> dict[str, Any]:
    """Data of the run's artifacts by key."""
    of_run = ArtifactFilter(
        flow_run_id=ArtifactFilterFlowRunId(any_=[state.state_details.flow_run_id])
    )
    with get_client(sync_client=True) as client:
        found = client.read_artifacts(artifact_filter=of_run)
    return {str(artifact.key): artifact.data for artifact in found}


def run_night(small: Any, **changes: Any) -> State[Any]:
    asked = request_night(small, **changes)
    parts = {"store": asked.store, "night": asked.night, "run": asked.run}
    state: Any = label_corpus(asked.corpus, (), **parts, return_state=True)
    return state  # type: ignore[no-any-return]


def run_training(small: Any, **training: Any) -> State[Any]:
    asked = small.request(corpus={"carry_columns": CARRIED})
    state: Any = train_labeler(
        asked.corpus,
        "label",
        small.encoder,
        asked.poolings,
        training=TrainingSpec(**training),
        store=asked.store,
        run=asked.run,
        return_state=True,
    )
    return state  # type: ignore[no-any-return]


def begin_with_words(small: Any) -> None:
    """A labeler of words in force, a night that is done, and a file of 60 new texts."""
    write_rows(small, "a.parquet", labelled_rows(30))
    put_in_force(small, run_training(small, split=HALVES).result(), "tfidf")
    assert run_night(small).is_completed()
    write_rows(small, "b.parquet", labelled_rows(20, start=70))


def stop_after(monkeypatch: pytest.MonkeyPatch, num_chunks: int) -> None:
    """Let the night stop when so many chunks are labelled."""
    write_labels, written = tasks.labelling.step.write_labels, []

    def write(*arguments: Any) -> Any:
        if len(written) == num_chunks:
            raise RuntimeError("stopped here")
        written.append(arguments)
        return write_labels(*arguments)

    monkeypatch.setattr(tasks.labelling.step, "write_labels", write)


def drift_sizes(small: Any) -> list[set[int]]:
    """Of how many new texts each run's figures of drift are, run after run."""
    runs = load_runs(open_existing_store(str(small.store)))
    return [{figure.n for figure in run.drift} for run in runs]


def test_a_night_before_the_first_labeler_completes_and_says_how_to_get_one(
    small: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    write_rows(small, "a.parquet", labelled_rows(5))

    state = run_night(small)

    assert state.is_completed()
    said = capsys.readouterr().out
    assert "Nothing to do: no labeler is in force" in said
    assert "python -m flows.promote" in said


def test_training_embeds_and_the_night_labels_what_is_new(
    small: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    write_rows(small, "a.parquet", labelled_rows(40))

    trained = run_training(small, split=HALVES)

    assert trained.is_completed()
    assert small.num_forwarded == 120
    rows = json.loads(artifacts(trained)["train-labeler"])
    assert {row["labeler"] for row in rows} == {"tfidf", "mean_logistic_regression", "stack"}
    assert "python -m flows.promote" in capsys.readouterr().out

    put_in_force(small, trained.result(), "stack")
    write_rows(small, "b.parquet", labelled_rows(5, start=70))
    small.num_forwarded = 0
    state = run_night(small)

    assert state.is_completed()
    assert small.num_forwarded == 15
    summary = json.loads(artifacts(state)["label-corpus-summary"])
    assert {"what": "labels decided", "value": "135"} in summary
    assert "label-corpus-drift" in artifacts(state)


def test_what_cannot_be_embedded_is_said_at_the_end_and_the_rest_is_labelled(small: Any) -> None:
    write_rows(small, "a.parquet", labelled_rows(20))
    run_training(small, promote=True)
    assert len(labelers_in_force(open_existing_store(str(small.store)))) == 1
    Path(small.sources / "bad.parquet").write_bytes(b"no parquet")
    write_rows(small, "c.parquet", labelled_rows(5, start=70))

    state = run_night(small)

    assert state.is_failed()
    with pytest.raises(RunIncomplete, match=r"bad\.parquet"):
        state.result()
    assert small.ask("SELECT count(*) FROM current_labels") == [(75,)]


def test_what_was_labelled_is_shown_until_the_night_has_its_own(
    small: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also if it is stopped after its texts were embedded: the next one goes on from there."""
    write_rows(small, "a.parquet", labelled_rows(20))
    run_training(small, promote=True)
    assert run_night(small).is_completed()
    write_rows(small, "a.parquet", labelled_rows(21))
    shown: list[tuple[int]] = []

    def stop(job: object) -> None:
        shown.extend(small.ask("SELECT count(*) FROM current_labels"))
        raise RuntimeError("stopped here")

    with monkeypatch.context() as patched:
        patched.setattr("flows.label_corpus.label_owed", stop)
        assert run_night(small).is_failed()
    assert shown == [(60,)]

    small.num_forwarded = 0
    assert run_night(small).is_completed()
    assert small.num_forwarded == 0
    assert small.ask("SELECT count(*) FROM current_labels") == [(63,)]


def test_a_look_that_the_disk_failed_is_tried_again(
    small: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin_with_words(small)
    judge_night, tries = tasks.labelling.night.judge_night, []

    def fail_once(*arguments: Any) -> Any:
        tries.append(arguments)
        if len(tries) == 1:
            raise OSError("the disk does not answer")
        return judge_night(*arguments)

    monkeypatch.setattr(tasks.labelling.night.look_at_night, "retry_delay_seconds", 0.1)
    monkeypatch.setattr(tasks.labelling.night, "judge_night", fail_once)

    assert run_night(small).is_completed()
    assert small.ask(DRAWN) == [(5,)]


def test_what_a_stopped_night_had_labelled_is_drawn_from_all_the_same(
    small: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin_with_words(small)
    stop_after(monkeypatch, 2)

    state = run_night(small)

    with pytest.raises(RuntimeError, match="stopped here"):
        state.result()
    assert small.ask(DRAWN) == [(5,)]
    (record,) = (r for r in load_runs(open_existing_store(str(small.store))) if r.failures)
    assert {figure.n for figure in record.drift} == {40}  # the second chunk's task gave no receipt


def test_a_look_at_a_stopped_night_that_fails_does_not_hide_why_it_stopped(
    small: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin_with_words(small)

    def fail(*_: Any) -> Any:
        raise ValueError("nobody can look")

    with monkeypatch.context() as patched:
        stop_after(patched, 2)
        patched.setattr("tasks.labelling.publish.judge_night", fail)
        state = run_night(small)

    with pytest.raises(RuntimeError, match="stopped here"):
        state.result()
    (record,) = (r for r in load_runs(open_existing_store(str(small.store))) if r.failures)
    assert "stopped here" in record.failures[0]
    assert "not looked at: ValueError('nobody can look')" in record.failures[1]
    assert small.ask("SELECT count(*) FROM current_labels") == [(130,)]
    assert run_night(small).is_completed()
    assert drift_sizes(small)[-1] == {60}


def test_a_night_that_was_cancelled_is_published_at_once_and_the_next_looks_at_it(
    small: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin_with_words(small)

    def interrupt(*_: Any) -> Any:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("flows.label_corpus.look_at_night", interrupt)
        patched.setattr("tasks.labelling.publish.judge_night", pytest.fail)
        with pytest.raises(KeyboardInterrupt):
            run_night(small)

    (record,) = (r for r in load_runs(open_existing_store(str(small.store))) if r.failures)
    assert "not looked at: it was cancelled" in record.failures[1]
    assert small.ask("SELECT count(*) FROM current_labels") == [(150,)]
    assert small.ask(DRAWN) == [(0,)]
    assert run_night(small).is_completed()
    assert small.ask(DRAWN) == [(5,)]
    assert drift_sizes(small)[-2:] == [set(), {60}]


def test_a_label_column_that_is_not_carried_fails_before_anything_is_embedded(small: Any) -> None:
    write_rows(small, "a.parquet", labelled_rows(5))
    asked = small.request()

    state: Any = train_labeler(
        asked.corpus,
        "label",
        small.encoder,
        asked.poolings,
        store=asked.store,
        run=asked.run,
        return_state=True,
    )

    assert state.is_failed()
    assert "not among corpus.carry_columns" in (state.message or "")
    assert small.num_forwarded == 0
