"""The README's commands, typed against a real server, in the order in which a user meets them."""

import time
from typing import Any

import duckdb
import pytest

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]

SCHEDULER_PATIENCE_S = 90


def test_without_a_server_our_command_says_make_up(checkout: Any) -> None:
    said = checkout.run("python -m flows.embed_corpus")

    assert said.returncode != 0
    assert "make up" in said.stderr
    assert "Traceback" not in said.stderr


def test_a_deployment_run_by_its_bare_name_embeds_the_sample(running_checkout: Any) -> None:
    running_checkout.type("prefect deployment run embed-corpus")
    running_checkout.type("prefect worker start --pool local --run-once")

    runs = running_checkout.ask_server("flow_runs/filter", {})
    assert [run["state_type"] for run in runs] == ["COMPLETED"], runs[0]["state"]
    catalog = running_checkout.folder / "store" / "catalog.duckdb"
    with duckdb.connect(str(catalog), read_only=True) as connection:
        assert connection.execute("SELECT count(*) FROM documents").fetchone() == (6000,)
        assert connection.execute("SELECT count(*) FROM spaces").fetchone() == (2,)


def test_nothing_is_written_to_the_home_folder(running_checkout: Any) -> None:
    assert list(running_checkout.home.iterdir()) == []


def test_make_up_twice_changes_nothing(running_checkout: Any) -> None:
    running_checkout.type("make up")

    assert running_checkout.ask_server("deployments/count", {}) == 1
    assert running_checkout.ask_server("automations/count", {}) == 1


def test_a_schedule_really_makes_runs(running_checkout: Any) -> None:
    # With an SQLAlchemy that is too new, schedules look active and no run is ever made.
    running_checkout.type(
        "prefect deployment schedule create embed-corpus/embed-corpus --interval 86400"
    )
    deadline = time.monotonic() + SCHEDULER_PATIENCE_S
    scheduled = {"flow_runs": {"state": {"type": {"any_": ["SCHEDULED"]}}}}
    while running_checkout.ask_server("flow_runs/count", scheduled) == 0:
        assert time.monotonic() < deadline, "The scheduler made no run."
        time.sleep(1)
