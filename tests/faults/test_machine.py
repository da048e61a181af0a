"""Case 39: the protocol survives every order of events that is tried, four broken ones do not."""

from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

import data.checking.sealing
import data.records.datasets
from data import Record
from tests.faults.machine import OlderPlanWins, Overwriting, Protocol, WithoutGrace

TRIED = settings(
    max_examples=300,
    stateful_step_count=40,
    deadline=None,
    database=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)
FOUND = settings(TRIED, max_examples=2_000, phases=[Phase.generate], report_multiple_bugs=False)


class OneByOne:
    """A pool of no threads: what it is given is done in order."""

    def __init__(self, _num_threads: int) -> None:
        pass

    def __enter__(self) -> "OneByOne":
        return self

    def __exit__(self, *_: object) -> None:
        pass

    map = staticmethod(map)


@pytest.fixture(autouse=True)
def _machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows are checked by the machine, not in SQL; one order of events is always the same."""
    monkeypatch.setattr(data.checking.sealing, "check_new_chunks", lambda *_: None)
    monkeypatch.setattr(data.records.datasets, "ThreadPoolExecutor", OneByOne)


@pytest.mark.slow
def test_case_39_no_order_of_events_loses_or_doubles_anything() -> None:
    run_state_machine_as_test(Protocol, settings=TRIED)


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        (Overwriting, "is another one now"),
        (WithoutGrace, "its part is not there whole"),
        (OlderPlanWins, "sealed an older plan"),
    ],
)
def test_case_39_a_broken_protocol_is_found_out(broken: type[Protocol], said: str) -> None:
    with pytest.raises(AssertionError, match=said):
        run_state_machine_as_test(broken, settings=FOUND)


def test_case_39_a_loser_that_removes_the_winner_s_parts_is_found_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def discard_all(store: Any, record: Record) -> None:
        folder = f"datasets/{record.dataset}/parts"
        for name in store.list(folder):
            if name.startswith(record.chunk):
                store.delete(f"{folder}/{name}")

    monkeypatch.setattr(data.records.datasets, "discard_parts", discard_all)
    with pytest.raises(AssertionError, match="its part is not there whole"):
        run_state_machine_as_test(Protocol, settings=FOUND)


def test_case_39_a_slow_listing_never_replaces_one_that_was_changed_and_changed_back() -> None:
    machine = Protocol()
    machine.run("notes", None, {"mean"}, 99)
    machine.run("notes", ("anew", "b"), {"mean"}, 22)  # listed, and falls asleep
    (slow,) = machine.actors
    machine.run("notes", ("anew", "b"), {"mean"}, 99)
    machine.run("notes", ("gone", "b"), {"mean"}, 99)  # the listing is that of the beginning
    while not slow.is_over:
        slow.step()
    machine.seals_only_gain()
