"""The step that labels, when something goes wrong on the way: damage, deaths, changes, races."""

from pathlib import Path
from typing import Any

import pytest

import tasks.labelling.step
from data import open_existing_store, read_record
from tasks.labelling.job import LabelReceipt
from tasks.labelling.plan_labels import LabelWork
from tasks.labelling.step import label_step
from tests.nights import night, plan, planned_chunks, put_in_force, read_rows, trained_corpus
from tests.nights import write_rows as write


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("trained")


@pytest.fixture
def trained(small: Any, cache: Path) -> Any:
    small.training = trained_corpus(small, cache)
    return small


def step(trained: Any, work: LabelWork) -> list[LabelReceipt]:
    return list(label_step(work.job, [chunk.name for chunk in planned_chunks(trained, work)]))


def part_of(trained: Any, dataset: str, chunk: str) -> Path:
    part = read_record(open_existing_store(str(trained.store)), dataset, chunk).part
    assert part is not None
    return Path(trained.store / part.key)


def test_a_run_that_died_between_two_labelers_goes_on_where_it_was(
    trained: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_in_force(trained, trained.training, "stack")
    written = []
    write_labels = tasks.labelling.step.write_labels

    def write_three(*arguments: Any) -> Any:
        if len(written) == 3:
            raise KeyboardInterrupt
        written.append(arguments)
        return write_labels(*arguments)

    monkeypatch.setattr(tasks.labelling.step, "write_labels", write_three)
    with pytest.raises(KeyboardInterrupt):
        step(trained, plan(trained, "died"))
    monkeypatch.undo()

    summary = night(trained, "second")

    assert summary.is_complete
    counts = "SELECT count(*), count(DISTINCT (version, chunk, row)) FROM labels"
    assert trained.ask(counts) == [(4 * 90, 4 * 90)]


def test_a_task_that_is_tried_again_counts_what_it_had_labelled(
    trained: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_in_force(trained, trained.training, "stack")
    work = plan(trained, "first")
    names = [chunk.name for chunk in planned_chunks(trained, work)]
    write_labels = tasks.labelling.step.write_labels
    written = []

    def write_six(*arguments: Any) -> Any:
        if len(written) == 6:  # a chunk and a half
            raise OSError("the disk does not answer")
        written.append(arguments)
        return write_labels(*arguments)

    monkeypatch.setattr(tasks.labelling.step, "write_labels", write_six)
    with pytest.raises(OSError, match="does not answer"):
        step(trained, work)
    monkeypatch.undo()

    receipts = list(label_step(work.job, names, is_again=True))

    assert sorted(receipt.chunk for receipt in receipts) == sorted(names)
    assert sum(receipt.labelled for receipt in receipts) == 90
    committed = {(r.chunk, dataset) for r in receipts for dataset in r.datasets}
    assert len(committed) == 4 * len(names)


def test_what_another_run_has_labelled_is_not_counted_again(trained: Any) -> None:
    put_in_force(trained, trained.training, "tfidf")
    night(trained, "first")
    work = plan(trained, "second")
    names = [chunk.name for chunk in planned_chunks(trained, work)]

    receipts = list(label_step(work.job, names, is_again=True))

    assert [(r.labelled, r.datasets) for r in receipts] == [(0, ())] * len(names)


def test_a_task_that_is_tried_again_needs_no_labels_of_another_labeler(trained: Any) -> None:
    put_in_force(trained, trained.training, "mean_logistic_regression")
    night(trained, "first")
    put_in_force(trained, trained.training, "tfidf")
    work = plan(trained, "second")
    names = [chunk.name for chunk in planned_chunks(trained, work)]
    (damaged,) = (job.dataset for job in work.job.labelers if job.reads == "space")
    part_of(trained, damaged, names[0]).write_bytes(b"damaged")

    receipts = list(label_step(work.job, names, is_again=True))

    assert [receipt.failure for receipt in receipts] == [None] * len(names)
    assert sum(receipt.labelled for receipt in receipts) == 90


def test_of_two_runs_at_once_each_label_is_committed_once(trained: Any) -> None:
    put_in_force(trained, trained.training, "stack")
    work = plan(trained, "first")
    names = [chunk.name for chunk in planned_chunks(trained, work)]
    one, other = label_step(work.job, names), label_step(work.job, names)

    receipts = [next(one), next(other), *one, *other]

    assert sum(receipt.labelled for receipt in receipts) == 90
    committed = [(r.chunk, dataset) for r in receipts for dataset in r.datasets]
    assert len(committed) == len(set(committed)) == 4 * len(names)


def test_a_damaged_part_fails_its_chunk_and_the_others_go_on(trained: Any) -> None:
    put_in_force(trained, trained.training, "mean_logistic_regression")
    work = plan(trained, "first")
    first = planned_chunks(trained, work)[0]
    part_of(trained, work.job.spaces[0], first.name).write_bytes(b"damaged")

    receipts = step(trained, work)

    failures = [receipt for receipt in receipts if receipt.failure]
    assert [receipt.chunk for receipt in failures] == [first.name]
    assert "is damaged" in str(failures[0].failure)
    assert first.place in str(failures[0].failure)
    assert sum(receipt.labelled for receipt in receipts) == 90 - first.rows


def test_texts_that_changed_after_they_were_planned_are_not_labelled(trained: Any) -> None:
    put_in_force(trained, trained.training, "tfidf")
    work = plan(trained, "first")
    rows = read_rows(trained.sources / "a.parquet")
    write(trained, "a.parquet", [("other", label) for _, label in rows])

    receipts = step(trained, work)

    assert {receipt.labelled for receipt in receipts} == {0}
    assert all("changed" in str(receipt.failure) for receipt in receipts)


def test_what_is_labelled_already_is_not_read_again(trained: Any) -> None:
    put_in_force(trained, trained.training, "stack")
    night(trained, "first")
    work = plan(trained, "second")
    (trained.sources / "a.parquet").unlink()

    assert step(trained, work) == []
