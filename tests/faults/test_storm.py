"""Case 2: processes that die at random, or sleep and wake, lose nothing and double nothing."""

from collections.abc import Callable
from pathlib import Path

import pytest

from data import CATALOG, LocalStore
from tests.faults.accounts import account
from tests.faults.records import orphans
from tests.faults.runs import begin_run, whole_run
from tests.faults.storm import rage
from tests.faults.work import Job


@pytest.mark.parametrize(
    ("kills", "amid"), [(10, 1), pytest.param(100, 60, marks=[pytest.mark.slow])]
)
@pytest.mark.timeout(600)
def test_case_02_after_a_storm_every_row_is_there_once(
    make_job: Callable[..., Job],
    tmp_path: Path,
    figures: Callable[[str], None],
    kills: int,
    amid: int,
) -> None:
    job = make_job(rows=400)
    store = LocalStore(job.store)
    (tmp_path / "notes").mkdir()

    found, asked = rage(job, tmp_path / "notes", kills)

    left = len(orphans(store))
    whole_run(store, asked.corpus, *asked.spaces)
    run = begin_run(store, asked.corpus, *asked.spaces)
    assert run.owes(store) == []
    assert run.is_sound(store)
    accounts = [account(job.store / CATALOG, job.sources, each) for each in asked.spaces]
    assert all(each.is_good for each in accounts)
    assert found.kills >= kills
    assert found.kills_amid_a_chunk >= amid
    lost, doubled = (sum(getattr(a, name) for a in accounts) for name in ("lost", "doubled"))
    figures(
        f"storm: {found}; {left} orphaned parts, {accounts[0].found} rows in each space, "
        f"{lost} lost, {doubled} doubled"
    )
