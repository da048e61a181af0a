"""What is printed for a person, on a terminal of any width."""

import pytest

from flows.console import console, print_rows


@pytest.fixture
def narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(console, "_width", 40)


@pytest.mark.usefixtures("narrow")
def test_a_table_that_is_too_wide_loses_nothing() -> None:
    row = ["a labeler of a long name", "0.863 (0.84-0.88)", "0.862 (0.84-0.88)", "1e-13"]

    with console.capture() as said:
        print_rows(("labeler", "accuracy", "F1 macro", "p"), [row], wrapped="labeler")

    assert "0.863 (0.84-0.88)  0.862 (0.84-0.88)  1e-13" in said.get()
    assert [word for word in row[0].split() if word not in said.get()] == []


@pytest.mark.usefixtures("narrow")
def test_a_text_is_wrapped_to_the_terminal() -> None:
    with console.capture() as said:
        print_rows(("id", "text"), [["one", "many words " * 10]])

    assert max(map(len, said.get().splitlines())) <= 40
