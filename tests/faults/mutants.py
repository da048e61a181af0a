"""Ten protections of the store, and for each the test that fails where it is removed.

`python -m tests.faults.mutants` removes one after the other and prints what each test said. What is
removed is patched in this process, and in those that it starts; no code of the rooms knows of it.
"""

import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from rich.table import Table

from tests.faults import processes, removals
from tests.faults.removals import Patch

_STOPPED = (
    "test_kills::test_case_03_a_run_that_was_stopped_while_another_finished_removes_only_its_own"
)


@dataclass(frozen=True)
class Mutant:
    """A protection: how it is removed, the test that then fails, as file::name, and its words.

    `given` are arguments of the test that are no fixtures.
    """

    protection: str
    remove: Callable[[Patch], None]
    test: str
    said: str
    given: Mapping[str, Any] = field(default_factory=dict)


MUTANTS = {
    mutant.remove.__name__: mutant
    for mutant in (
        Mutant(
            "the first record wins",
            removals.overwrite_records,
            _STOPPED,
            "Extra items in the",
        ),
        Mutant(
            "who loses a record removes its own parts alone",
            removals.discard_all_attempts,
            _STOPPED,
            "Extra items in the",
        ),
        Mutant(
            "a record of one's own attempt is won, whatever the store said",
            removals.forget_own_attempt,
            "test_every_call::test_case_07_a_create_that_was_sent_twice_and_met_itself_has_won",
            "is_sound",
        ),
        Mutant(
            "parts are named by their attempt",
            removals.name_parts_alike,
            _STOPPED,
            "File exists",
        ),
        Mutant(
            "vectors are committed beside documents of the same texts",
            removals.compare_no_digests,
            "test_sleepers::test_case_04_wherever_a_run_slept_vectors_are_of_the_documents_texts",
            "its texts are not those of the documents",
        ),
        Mutant(
            "a source is looked at again after it was read",
            removals.look_at_files_once,
            "test_sources::"
            "test_case_16_17_a_file_that_changes_or_goes_while_it_is_read_gives_no_mixture",
            "ChunkRows",
            given={"change": os.utime},
        ),
        Mutant(
            "a listing is not sealed over one that was sealed since",
            removals.seal_any_plan,
            "test_sleepers::test_case_04_a_run_that_slept_never_seals_its_listing_over_a_newer_one",
            "assert .* == ",
        ),
        Mutant(
            "new rows are checked before they are sealed",
            removals.check_nothing,
            "test_sleepers::test_case_14_a_part_that_went_after_its_commit_is_never_sealed",
            "cannot be built",
        ),
        Mutant(
            "who has published looks whether there is more by now",
            removals.publish_without_a_second_look,
            "test_sleepers::test_case_30_a_publisher_that_slept_never_leaves_an_older_catalog",
            "Catalog Error|is_good",
        ),
        Mutant(
            "a catalog is whole before it gets its name",
            removals.show_an_unfinished_catalog,
            "test_kills::test_case_30_killed_while_duckdb_builds_the_catalog_before_stays",
            "building.* == .*duckdb",
        ),
    )
}


def start_without(name: str, work: Callable[..., None], *given: Any) -> BaseProcess:
    """A process like those of `processes.start`, in which the protection is removed, too."""
    return processes.start(_work_without, name, work, *given)


def _work_without(name: str, work: Callable[..., None], *given: Any) -> None:
    MUTANTS[name].remove(setattr)
    work(*given)


class _Table:
    """Notes what the tests of tests/faults/test_mutants.py said, and prints it."""

    def __init__(self) -> None:
        self._table = Table("protection removed", "missed by", "which said", "s")

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Add a line for each mutant."""
        found = dict(report.user_properties)
        if report.when == "call" and "mutant" in found:
            mutant = MUTANTS[str(found["mutant"])]
            said = str(found.get("said", "[red]nothing: it survived"))
            test = mutant.test.partition("::")[2]
            self._table.add_row(mutant.protection, test, said, f"{report.duration:.1f}")

    def pytest_terminal_summary(self) -> None:
        """Print the table."""
        Console().print(self._table)


if __name__ == "__main__":
    tests = str(Path(__file__).with_name("test_mutants.py"))
    sys.exit(pytest.main(["-q", "--no-header", tests], plugins=[_Table()]))
