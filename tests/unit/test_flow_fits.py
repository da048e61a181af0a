"""What is fitted says its name where a deployed run is looked at: in the log and in the UI."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterFlowRunId
from prefect.client.schemas.objects import State
from prefect.testing.utilities import prefect_test_harness

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
def logged(caplog: pytest.LogCaptureFixture) -> Any:
    """What a run's own logger says, which is what the server shows of it."""

    def lines() -> list[str]:
        return [r.getMessage() for r in caplog.records if r.name == "prefect.flow_runs"]

    return lines


def test_counts_are_named_in_the_log_and_in_the_ui(small: Any, logged: Any) -> None:
    small.write("a.parquet", TEXTS)
    asked = small.request()

    state: Any = fit_token_weights(
        asked.corpus, asked.encoder, store=asked.store, return_state=True
    )

    (table,) = state.result()
    typed = [pooling_to_type(pooling) for pooling in table.poolings]
    (line,) = [line for line in logged() if table.name in line]
    assert all(pooling in line for pooling in typed)
    assert artifact(state, "fit-token-weights") == [table.name, *typed]


def test_ranges_are_named_in_the_log_and_in_the_ui(small: Any, logged: Any) -> None:
    small.write("a.parquet", TEXTS)
    asked = small.request()

    state: Any = fit_ranges(asked.corpus, asked.encoder, store=asked.store, return_state=True)

    ranges = state.result()
    typed = pooling_to_type(ranges.pooling)
    assert [line for line in logged() if typed in line and ranges.name in line]
    assert artifact(state, "fit-ranges") == [ranges.name, typed]
