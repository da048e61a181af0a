"""Case 2: processes that die at random, or sleep and wake, lose nothing and double nothing."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.faults.storm import end_storm, rage
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
    (tmp_path / "notes").mkdir()

    found, asked = rage(job, tmp_path / "notes", kills)

    figures(f"storm: {found}; {end_storm(asked)}")
    assert found.kills >= kills
    assert found.kills_amid_a_chunk >= amid
