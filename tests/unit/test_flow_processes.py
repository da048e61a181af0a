"""Whole runs in several processes under a temporary Prefect server, some of which are killed."""

import json
import logging
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from multiprocessing import active_children
from pathlib import Path
from threading import Event, Thread
from typing import Any
from uuid import UUID, uuid4

import pytest
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterId
from prefect.client.schemas.objects import State
from prefect.exceptions import ObjectNotFound
from prefect.states import Running
from prefect.testing.utilities import prefect_test_harness

import tasks.handing_out
import tasks.runners
from flows.embed_corpus import embed_corpus
from tasks.embed_chunks import embed_chunks
from tasks.runners import mark_crashed
from tests.doomed_processes import begin_and_die, begin_and_hang

_PATIENCE_S = 60

TEXTS = [f"a page about the number {n}" for n in range(120)]
EACH_ONCE = """
    SELECT count(*), count(DISTINCT (chunk, row)), (SELECT count(*) FROM documents)
    FROM splade_tiny_mean
"""


@pytest.fixture(scope="module", autouse=True)
def _server() -> Iterator[None]:
    with prefect_test_harness(server_startup_timeout=120):
        yield


def run(small: Any, **changes: Any) -> State[Any]:
    asked = small.request(chunk_rows=10, runner="processes", num_processes=2, **changes)
    state: Any = embed_corpus(
        asked.corpus, asked.encoder, asked.poolings, asked.store, asked.run, return_state=True
    )
    return state  # type: ignore[no-any-return]


@contextmanager
def killer() -> Iterator[None]:
    """Ends one process of the pool after another with SIGKILL, as soon as it is there."""
    done = Event()

    def kill() -> None:
        while not done.is_set():
            for child in active_children():
                child.kill()
            time.sleep(0.005)

    thread = Thread(target=kill)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def task_states(state: State[Any]) -> dict[UUID, str]:
    """The names of the states of those of the run's tasks that the server has heard of."""
    flow_run = FlowRunFilter(id=FlowRunFilterId(any_=[state.state_details.flow_run_id]))
    with get_client(sync_client=True) as client:
        found = client.read_task_runs(flow_run_filter=flow_run)
    return {task.id: str(task.state_name) for task in found}


def settled_states(state: State[Any]) -> dict[UUID, str]:
    """The same, when no task runs any more: the server hears late where it is busy."""
    deadline = time.monotonic() + _PATIENCE_S
    while "Running" in (states := task_states(state)).values() and time.monotonic() < deadline:
        time.sleep(0.5)
    return states


def test_processes_share_a_corpus_and_every_row_is_embedded_once(small: Any) -> None:
    small.write("a.parquet", TEXTS)

    state = run(small)

    assert state.is_completed(), state.message
    assert state.result().encoded == 120
    assert small.num_forwarded == 0  # not in this process
    assert small.ask(EACH_ONCE) == [(120, 120, 120)]


def test_a_process_that_is_killed_costs_what_it_had_not_committed(
    small: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small.write("a.parquet", TEXTS)
    begin = partial(begin_and_die, small.store, tmp_path / "marker")
    monkeypatch.setattr(tasks.runners, "begin_process", begin)
    died: list[UUID] = []

    def mark(task_runs: Sequence[UUID]) -> None:
        died.extend(task_runs)
        mark_crashed(task_runs)

    monkeypatch.setattr(tasks.handing_out, "mark_crashed", mark)

    state = run(small)

    states = settled_states(state)
    assert "Running" not in states.values()
    assert died
    assert {states[run] for run in died if run in states} <= {"Crashed"}
    assert state.is_completed(), state.message
    assert small.ask(EACH_ONCE) == [(120, 120, 120)]
    before = json.loads((tmp_path / "marker").read_text())
    assert {path: Path(path).read_text() for path in before} == before


def test_the_server_shows_a_task_whose_process_died_as_crashed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(tasks.runners, "_HEARSAY_S", 0.2)
    never_heard_of = uuid4()
    with get_client(sync_client=True) as client:
        heard_of = client.create_task_run(embed_chunks, None, "1", state=Running()).id

        mark_crashed([heard_of, never_heard_of])

        assert client.read_task_run(heard_of).state_name == "Crashed"
        with pytest.raises(ObjectNotFound):
            client.read_task_run(never_heard_of)


def test_a_process_that_hangs_ends_itself_and_its_chunks_are_done_by_another(
    small: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    small.write("a.parquet", TEXTS)
    begin = partial(begin_and_hang, tmp_path / "marker")
    monkeypatch.setattr(tasks.runners, "begin_process", begin)
    # where Prefect's own logger writes to depends on the test that was the first to need it
    monkeypatch.setattr(tasks.runners, "get_run_logger", logging.getLogger)

    state = run(small)

    assert (tmp_path / "marker").exists()
    assert state.is_completed(), state.message
    assert small.ask(EACH_ONCE) == [(120, 120, 120)]
    (words,) = [r.getMessage() for r in caplog.records if "ended itself" in r.getMessage()]
    assert "Timeout (0:00:01)!" in words
    assert "tests/doomed_processes.py" in words
    assert "tasks/step.py" in words


def test_a_chunk_at_which_processes_die_ends_the_run_by_its_name(small: Any) -> None:
    small.write("a.parquet", TEXTS[:30])

    with killer():
        state = run(small)

    assert state.is_failed()
    assert "a.parquet rows 0-9: the process that embedded it died 3 times" in str(state.message)
