"""What runs are called: no two alike, also where Prefect numbers them by the time."""

import pytest

from tasks.run_name import run_name


def test_nights_that_were_scheduled_at_once_have_names_of_their_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    names = set()
    # Prefect's scheduler makes version 7 ids, which begin with the time in steps of 65 seconds.
    for number in ("019aa1f0-52c1-7a3e-9b1d-1f2e3d4c5b6a", "019aa1f0-52c2-7b44-8c0f-6a5b4c3d2e1f"):
        monkeypatch.setenv("PREFECT__RUNTIME__FLOW_RUN__ID", number)
        monkeypatch.setenv("PREFECT__RUNTIME__FLOW_RUN__NAME", "label-news")
        names.add(run_name("label"))

    assert names == {"label-news-3d4c5b6a", "label-news-4c3d2e1f"}
