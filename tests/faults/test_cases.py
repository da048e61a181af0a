"""The table of cases is true: each has a test in this folder, and those named elsewhere exist."""

import re
from pathlib import Path

import pytest

from tests.faults.cases import CASES, Case

ROOT = Path(__file__).parents[2]
HERE = "".join(path.read_text() for path in sorted(Path(__file__).parent.glob("test_*.py")))
NUMBERED = {
    int(number)
    for digits in re.findall(r"^def test_case((?:_\d\d)+)_", HERE, re.MULTILINE)
    for number in digits.split("_")[1:]
}
STRUCK = {35}  # what a kill does to DuckDB's own files is DuckDB's affair: ours are built anew


def test_every_case_is_in_the_table_once() -> None:
    assert [case.number for case in CASES] == [n for n in range(1, 41) if n not in STRUCK]


def test_every_case_has_a_test_here_and_every_numbered_test_a_case() -> None:
    assert {case.number for case in CASES} == NUMBERED


@pytest.mark.parametrize("case", CASES, ids=lambda case: str(case.number))
def test_the_tests_that_a_case_names_elsewhere_exist(case: Case) -> None:
    for name in case.elsewhere:
        path, _, function = name.partition("::")
        assert f"\ndef {function}(" in (ROOT / path).read_text(), name
