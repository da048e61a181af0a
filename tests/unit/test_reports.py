from datetime import UTC, datetime
from pathlib import Path

from data import StoreSpec, open_store, save_report

AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def test_a_second_report_of_the_same_moment_stands_beside_the_first(tmp_path: Path) -> None:
    store = open_store(StoreSpec(path=str(tmp_path / "store")))

    first = save_report(store, "My Pets", AT, "one")
    second = save_report(store, "My Pets", AT, "two")

    assert Path(first).name == "my_pets-20260102T030405.html"
    assert [Path(each).read_text() for each in (first, second)] == ["one", "two"]
