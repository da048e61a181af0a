"""Every protection is needed: with it removed, a test of this folder fails. See mutants.py."""

import importlib
import inspect
from collections.abc import Callable
from functools import partial

import pytest

from tests.faults.mutants import MUTANTS, start_without


@pytest.mark.parametrize("name", MUTANTS)
def test_without_this_protection_a_test_fails(
    name: str,
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
    record_property: Callable[[str, object], None],
) -> None:
    mutant = MUTANTS[name]
    record_property("mutant", name)
    file, _, test_name = mutant.test.partition("::")
    module = importlib.import_module(f"tests.faults.{file}")
    test = getattr(module, test_name)
    given = {
        each: mutant.given[each] if each in mutant.given else request.getfixturevalue(each)
        for each in inspect.signature(test).parameters
    }
    monkeypatch.setattr(module, "start", partial(start_without, name), raising=False)
    mutant.remove(monkeypatch.setattr)

    with pytest.raises((Exception, pytest.fail.Exception), match=mutant.said) as failed:
        test(**given)
    record_property("said", str(failed.value).splitlines()[0][:90])
