"""What a chunk holds of labels and vectors, and what is refused before it is sealed."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from data import (
    REJECTS,
    LocalStore,
    Plan,
    labeler_dataset,
    labels_schema,
    newest_seal,
    read_documents,
    read_labels,
    read_rejects,
    read_vectors,
    vectors_of,
)
from data.checking.checks import InvariantBroken
from tests.commits import (
    commit_documents,
    commit_space,
    commit_tables,
    documents_of,
    read_all,
    space,
    vector_of,
)
from tests.labels import commit_labels, keep_labeler, label_tables, seal_labels
from tests.stores import corpus_of, list_corpus, tiny_store, write_texts

SAYS = {"one": [0.9, 0.1, 0.0], "two": [0.0, 0.5, 0.5]}


@pytest.fixture
def store(tmp_path: Path) -> LocalStore:
    return tiny_store(tmp_path / "row=7" / "it's {a} store")


@pytest.fixture
def plan(store: LocalStore, tmp_path: Path) -> Plan:
    write_texts(tmp_path / "texts" / "a.parquet", ["one", None, "two"])
    plan = list_corpus(store, corpus_of(tmp_path / "texts"))
    commit_documents(store, plan)
    return plan


def chunk_of(plan: Plan) -> str:
    (chunk,) = plan.chunks
    return chunk.name


def test_labels_come_back_as_they_were_committed(store: LocalStore, plan: Plan) -> None:
    name = keep_labeler(store)
    commit_labels(store, plan, name, SAYS)

    found = read_labels(store, labeler_dataset(store, name).name, chunk_of(plan))

    assert found.schema == labels_schema(3)
    assert found["label"].to_pylist() == ["film", "news"]
    assert found["labels"].to_pylist() == [["film"], ["news"]]
    assert found["is_auto"].to_pylist() == [True, False]
    probabilities = vectors_of(found["probabilities"], 3)
    assert probabilities.dtype == np.float32
    assert probabilities.tolist() == np.array(list(SAYS.values()), np.float32).tolist()


def test_a_chunk_without_a_row_is_empty_in_the_right_columns(store: LocalStore, plan: Plan) -> None:
    name, mean = keep_labeler(store), space("bert_mean")
    commit_labels(store, plan, name, {})
    commit_space(store, plan, mean, refused={"one", "two"})
    dataset, chunk = labeler_dataset(store, name).name, chunk_of(plan)

    assert read_labels(store, dataset, chunk).equals(labels_schema(3).empty_table())
    assert read_rejects(store, dataset, chunk)["reason"].to_pylist() == ["no_vector"] * 2
    found = read_vectors(store, mean.name, chunk)
    assert found.vectors.shape == (0, 3)
    assert found.rejects["row"].to_pylist() == [0, 2]


def test_documents_come_back_with_what_they_carry(store: LocalStore, tmp_path: Path) -> None:
    write_texts(tmp_path / "more" / "a.parquet", ["one"], year=[2026])
    plan = list_corpus(store, corpus_of(tmp_path / "more", "more", carry_columns=["year"]))
    commit_documents(store, plan)

    found = read_documents(store, documents_of(store, plan).name, chunk_of(plan))

    assert found["year"].to_pylist() == [2026]


def test_vectors_come_with_their_documents_and_what_was_refused(
    store: LocalStore, plan: Plan
) -> None:
    mean = space("bert_mean", precision="float16")
    commit_space(store, plan, mean, refused={"two"})

    found = read_vectors(store, mean.name, chunk_of(plan))

    assert found.vectors.dtype == np.float32
    assert found.vectors.tolist() == [vector_of("one")]
    assert found.documents["row"].to_pylist() == [0]
    assert "vector" not in found.documents.column_names
    assert found.rejects["row"].to_pylist() == [2]


def doubled(table: pa.Table) -> pa.Table:
    return pa.concat_tables([table, table.slice(0, 1)])


def put(column: str, value: Any) -> Callable[[pa.Table], pa.Table]:
    """The table with this value in the first row."""

    def change(table: pa.Table) -> pa.Table:
        values = [value, *table[column].to_pylist()[1:]]
        field = table.schema.field(column)
        if column == "probabilities":
            field = field.with_type(pa.list_(pa.float32()))
        return table.set_column(
            table.column_names.index(column), field, pa.array(values, field.type)
        )

    return change


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda table: table.slice(1), "1 documents without a label"),
        (doubled, "1 rows doubled"),
        (put("row", 99), "1 documents without a label, 1 labels without a document"),
        (put("label", "weather"), "1 labels that the labeler does not have"),
        (put("labels", []), "1 rows of a single-label task without one label"),
        (put("probabilities", [0.5, 0.5, 0.5]), "1 rows of a single-label task without one"),
        (put("score", 1.5), "1 probabilities of wrong length or value"),
        (put("probabilities", [0.5, 0.5]), "1 probabilities of wrong length or value"),
        (put("probabilities", [float("nan"), 0.5, 0.5]), "1 probabilities of wrong length"),
        (put("probabilities", [1.5, -0.5, 0.0]), "1 probabilities of wrong length or value"),
    ],
)
def test_labels_that_do_not_add_up_are_not_sealed(
    store: LocalStore, plan: Plan, change: Callable[[pa.Table], pa.Table], said: str
) -> None:
    name = keep_labeler(store)
    dataset = labeler_dataset(store, name).name
    (rows,) = read_all(plan)
    table, _ = label_tables(store, name, rows, SAYS)
    commit_tables(store, dataset, rows, change(table))

    with pytest.raises(InvariantBroken, match=rf"dataset {dataset}: .*{said}.*Nothing was sealed"):
        seal_labels(store, plan, name)
    assert newest_seal(store) is None


def test_a_document_with_a_label_and_a_reject_is_doubled(store: LocalStore, plan: Plan) -> None:
    name = keep_labeler(store)
    (rows,) = read_all(plan)
    table, _ = label_tables(store, name, rows, SAYS)
    _, rejects = label_tables(store, name, rows, {"one": SAYS["one"]})
    commit_tables(store, labeler_dataset(store, name).name, rows, table, rejects)

    with pytest.raises(InvariantBroken, match="1 rows doubled"):
        seal_labels(store, plan, name)


def test_documents_without_a_label_are_accounted_for_by_rejects(
    store: LocalStore, plan: Plan
) -> None:
    name = keep_labeler(store)
    commit_labels(store, plan, name, {"one": SAYS["one"]})

    assert seal_labels(store, plan, name).owed == {}


def test_a_multi_label_task_may_decide_for_no_label(store: LocalStore, plan: Plan) -> None:
    name = keep_labeler(store, task="multi_label", thresholds=[0.5, 0.5, 0.5])
    commit_labels(store, plan, name, {"one": [0.9, 0.9, 0.1], "two": [0.1, 0.2, 0.3]})
    dataset = labeler_dataset(store, name).name

    assert seal_labels(store, plan, name).owed == {}
    assert read_labels(store, dataset, chunk_of(plan))["labels"].to_pylist() == [
        ["film", "news"],
        [],
    ]


def test_a_multi_label_row_has_no_single_label(store: LocalStore, plan: Plan) -> None:
    name = keep_labeler(store, task="multi_label", thresholds=[0.5, 0.5, 0.5])
    (rows,) = read_all(plan)
    table, rejects = label_tables(store, name, rows, SAYS)
    changed = put("label", "film")(table)
    commit_tables(store, labeler_dataset(store, name).name, rows, changed, rejects)

    with pytest.raises(InvariantBroken, match="1 rows of a multi-label task with a single label"):
        seal_labels(store, plan, name)


def test_the_rejects_of_a_labeler_have_the_columns_of_all_rejects(
    store: LocalStore, plan: Plan
) -> None:
    name = keep_labeler(store)
    commit_labels(store, plan, name, {})

    found = read_rejects(store, labeler_dataset(store, name).name, chunk_of(plan))

    assert found.schema == REJECTS
