"""What is fitted says its name where a deployed run is looked at: in the log and in the UI."""

import json
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from prefect import get_run_logger
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterFlowRunId
from prefect.client.schemas.objects import State
from prefect.testing.utilities import prefect_test_harness

import flows.kept
from flows.fit_ranges import fit_ranges
from flows.fit_token_weights import fit_token_weights
from tasks.fitted import pooling_to_type

TEXTS = [f"a page about the number {n}" for n in range(30)]


@pytest.fixture(scope="module", autouse=True)
def _server() -> Iterator[None]:
    with prefect_test_harness(server_startup_timeout=120):
        yield


def artifact(state: State[Any], key: str) -> list[str]:
    """The values of the run's artifact of this key."""
    of_run = ArtifactFilter(
        flow_run_id=ArtifactFilterFlowRunId(any_=[state.state_details.flow_run_id])
    )
    with get_client(sync_client=True) as client:
        (found,) = client.read_artifacts(artifact_filter=of_run)
    assert found.key == key
    return [row["value"] for row in json.loads(str(found.data))]


@pytest.fixture
def logged(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is said through the logger of the run, which there is only inside of one."""
    lines: list[str] = []

    def run_logger() -> Any:
        get_run_logger()
        return SimpleNamespace(info=lambda text, *values: lines.append(text % values))

    monkeypatch.setattr(flows.kept, "get_run_logger", run_logger)
    return lines


def test_counts_are_named_in_the_log_and_in_the_ui(small: Any, logged: list[str]) -> None:
    small.write("a.parquet", TEXTS)
    asked = small.request()

    state: Any = fit_token_weights(
        asked.corpus, asked.encoder, store=asked.store, return_state=True
    )

    (table,) = state.result()
    typed = [pooling_to_type(pooling) for pooling in table.poolings]
    (line,) = [line for line in logged if table.name in line]
    assert all(pooling in line for pooling in typed)
    assert artifact(state, "fit-token-weights") == [table.name, *typed]


def test_ranges_are_named_in_the_log_and_in_the_ui(small: Any, logged: list[str]) -> None:
    small.write("a.parquet", TEXTS)
    asked = small.request()

    state: Any = fit_ranges(asked.corpus, asked.encoder, store=asked.store, return_state=True)

    ranges = state.result()
    typed = pooling_to_type(ranges.pooling)
    assert [line for line in logged if typed in line and ranges.name in line]
    assert artifact(state, "fit-ranges") == [ranges.name, typed]
