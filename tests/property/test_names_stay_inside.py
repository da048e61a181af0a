"""No name leads out of the store, be it of a plan, dataset, chunk, model or labeler."""

import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from data import CorpusSpec, LocalStore, load_plan, promote, read_record
from data.labels.evaluations import load_evaluation
from data.labels.labelers import load_labeler
from data.records.datasets import committed_chunks, load_dataset
from data.records.models import load_model
from data.stores.store import StoreError
from tests.stores import files_below, tiny_store

QUICK = settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
DOORS: dict[str, Callable[[LocalStore, str], Any]] = {
    "plan": load_plan,
    "dataset": load_dataset,
    "chunks": committed_chunks,
    "record": lambda store, name: read_record(store, "notes", name),
    "record of": lambda store, name: read_record(store, name, "chunk"),
    "model": load_model,
    "labeler": load_labeler,
    "promoted": promote,
    "evaluation": load_evaluation,
    "create": lambda store, name: store.create(f"models/{name}/about.json", b""),
    "delete": lambda store, name: store.delete(f"models/{name}/about.json"),
}
climbing = st.lists(st.sampled_from(["..", "../..", "x", "secret", ".", ""]), min_size=1).map(
    lambda parts: "/".join(["..", *parts])
)


@pytest.mark.parametrize("door", DOORS)
@given(name=climbing)
@example(name="../../secret")
@example(name="../../../secret")
@QUICK
def test_a_name_that_climbs_is_refused_and_nothing_outside_is_touched(door: str, name: str) -> None:
    with tempfile.TemporaryDirectory() as base:
        for folder in ("secret", "secret/commits", "store/secret"):
            (Path(base) / folder).mkdir(parents=True)
            (Path(base) / folder / "about.json").write_text("{}")
        store = tiny_store(Path(base) / "store")
        before = files_below(Path(base))
        with pytest.raises((StoreError, ValueError), match=r"outside the store|the store has no"):
            DOORS[door](store, name)
        assert files_below(Path(base)) == before


@pytest.mark.parametrize("name", ["..", "../news", "a/b", "", "News", "a" * 64, f"a{os.sep}"])
def test_a_corpus_has_no_such_name(name: str) -> None:
    with pytest.raises(ValidationError, match="name"):
        CorpusSpec(name=name, path="texts")
