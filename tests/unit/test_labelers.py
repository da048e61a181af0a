"""Labelers at rest: found by name, with their members, their datasets, and their tests."""

import errno
from pathlib import Path
from typing import Any, BinaryIO

import pyarrow as pa
import pytest

from data import (
    DamagedModel,
    LabelerLineage,
    LocalStore,
    StoreError,
    heldout_schema,
    labeler_dataset,
    labeler_names,
    load_evaluation,
    load_labeler,
    load_model,
    read_heldout,
    save_evaluation,
    save_model,
    with_members,
)
from tests.labels import LABELS, about_labeler, damage_test, keep_ensemble, keep_labeler
from tests.stores import tiny_store


@pytest.fixture
def store(tmp_path: Path) -> LocalStore:
    return tiny_store(tmp_path / "store")


def heldout(**changes: Any) -> pa.Table:
    """One document that was taken for news, and is."""
    columns = {
        "doc_id": ["d1"],
        "text_hash": [b"0" * 16],
        "label": ["news"],
        "labels": [["news"]],
        "predicted": ["news"],
        "predicted_labels": [["news"]],
        "score": [0.75],
        "probabilities": [[0.25, 0.75, 0.0]],
        "is_auto": [True],
        "vector": [[1.0, 2.0]],
    }
    return pa.table(columns | changes)


def test_only_labelers_are_listed_as_such(store: LocalStore) -> None:
    save_model(store, "counts", {"kind": "token_counts"}, b"")
    names = {keep_labeler(store, "topic", seed) for seed in (0, 1)}

    assert set(labeler_names(store)) == names
    assert len(names) == 2


def test_what_is_no_labeler_is_refused_with_the_names_of_labelers(store: LocalStore) -> None:
    counts = save_model(store, "counts", {"kind": "token_counts"}, b"")
    name = keep_labeler(store)

    with pytest.raises(ValueError, match=rf"{counts} is no labeler: .*'token_counts'.*'{name}'"):
        load_labeler(store, counts)


def test_a_labeler_that_makes_no_sense_is_refused_and_not_listed(store: LocalStore) -> None:
    about = about_labeler()
    del about["decision"]
    name = save_model(store, "topic", about, b"")

    assert labeler_names(store) == ()
    with pytest.raises(StoreError, match=rf"models/{name}/about.json .*decision: Field required"):
        load_labeler(store, name)


def test_a_damaged_description_hides_no_other_labeler(store: LocalStore) -> None:
    name, damaged = keep_labeler(store), keep_labeler(store, seed=1)
    (store.root / "models" / damaged / "about.json").write_text("{")

    assert labeler_names(store) == (name,)


def test_members_come_before_the_ensembles_that_read_them(store: LocalStore) -> None:
    first, second = (keep_labeler(store, title) for title in ("first", "second"))
    inner = keep_ensemble(store, first, second, title="inner")
    outer = keep_ensemble(store, inner, second, title="outer")

    assert with_members(store, [outer, first]) == (first, second, inner, outer)


def test_a_member_that_is_gone_is_named_with_its_ensemble(store: LocalStore) -> None:
    ensemble = keep_ensemble(store, "topic-00000000")

    with pytest.raises(ValueError, match=rf"topic-00000000 is a member of {ensemble}, and .*has"):
        with_members(store, [ensemble])


def test_each_version_has_a_dataset_of_its_own(store: LocalStore) -> None:
    names = [keep_labeler(store, "My Topics", seed) for seed in (0, 1)]

    first, second = (labeler_dataset(store, name) for name in names)

    assert first.slug == second.slug == "my_topics"
    assert first.name != second.name
    assert first.lineage == LabelerLineage(labeler=load_model(store, names[0]).fingerprint)
    assert first.dimension == len(LABELS)
    assert labeler_dataset(store, names[0]) == first


def test_labels_in_another_order_are_the_same_to_vote_on(store: LocalStore) -> None:
    names = [
        keep_labeler(store, "given"),
        keep_labeler(store, "reversed", labels=list(LABELS[::-1])),
        keep_labeler(store, "several", task="multi_label"),
        keep_labeler(store, "fewer", labels=list(LABELS[:2])),
    ]

    codes = [load_labeler(store, name).label_schema.code for name in names]

    assert codes[0] == codes[1]
    assert len({*codes}) == 3


def test_a_test_is_kept_beside_the_labeler_and_changes_no_name(store: LocalStore) -> None:
    name = keep_labeler(store)

    assert load_evaluation(store, name) is None
    assert read_heldout(store, name) is None
    assert save_evaluation(store, name, {"num_test": 1}, heldout())
    assert load_evaluation(store, name) == {"num_test": 1}
    found = read_heldout(store, name)
    assert found is not None
    assert found.schema == heldout_schema(3)
    assert found["n_tokens"].to_pylist() == [None]  # what may be null may be missing
    assert load_labeler(store, name).name == name


def test_the_first_test_stays(store: LocalStore) -> None:
    name = keep_labeler(store)
    save_evaluation(store, name, {"num_test": 1}, heldout())

    assert not save_evaluation(store, name, {"num_test": 2}, heldout(score=[0.5]))

    assert load_evaluation(store, name) == {"num_test": 1}
    found = read_heldout(store, name, ["score"])
    assert found is not None
    assert found.to_pydict() == {"score": [0.75]}


@pytest.mark.parametrize(
    ("table", "said"),
    [
        (heldout().drop_columns(["predicted_labels", "score"]), "no column .*predicted_labels"),
        (heldout(probabilities=[[0.5, 0.5]]), "its columns cannot be kept"),
        (heldout(score=["high"]), "its columns cannot be kept"),
        (heldout(labels=[None]), "its columns cannot be kept"),
    ],
    ids=["missing", "length", "type", "null"],
)
def test_a_test_that_does_not_fit_is_refused(store: LocalStore, table: pa.Table, said: str) -> None:
    name = keep_labeler(store)

    with pytest.raises(ValueError, match=said):
        save_evaluation(store, name, {}, table)
    assert load_evaluation(store, name) is None


def test_a_test_of_no_labeler_is_refused(store: LocalStore) -> None:
    with pytest.raises(ValueError, match="no labeler 'topic-00000000'"):
        save_evaluation(store, "topic-00000000", {}, heldout())


def test_a_page_of_a_test_with_another_byte_says_so(store: LocalStore) -> None:
    name = keep_labeler(store)
    save_evaluation(store, name, {}, heldout())
    damage_test(Path(store.root), name)

    with pytest.raises(DamagedModel, match=rf"models/{name}/heldout.parquet is damaged .*CRC"):
        read_heldout(store, name)


def test_a_test_that_cannot_be_read_now_is_not_called_damaged(
    store: LocalStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = keep_labeler(store)
    save_evaluation(store, name, {}, heldout())

    def fail(_store: LocalStore, _key: str) -> BinaryIO:
        raise OSError(errno.EMFILE, "too many open files")

    monkeypatch.setattr(LocalStore, "read", fail)
    with pytest.raises(OSError, match="too many open files"):
        read_heldout(store, name)


@pytest.mark.parametrize("file", ["evaluation.json", "heldout.parquet"])
def test_a_damaged_test_says_so(store: LocalStore, file: str) -> None:
    name = keep_labeler(store)
    save_evaluation(store, name, {}, heldout())
    (store.root / "models" / name / file).write_text("{")

    with pytest.raises(DamagedModel, match=rf"models/{name}/{file} is damaged .*train again"):
        (load_evaluation if file == "evaluation.json" else read_heldout)(store, name)
