"""Nights over a changing corpus: what is encoded, what is labelled, and what SQL shows of it."""

from pathlib import Path
from typing import Any

import pytest

from data import StoreError
from tasks.labelling.night import Night, judge_night
from tasks.labelling.plan_labels import plan_night
from tasks.labelling.step import label_step
from tests.labels import damage_test
from tests.nights import (
    labelled_rows,
    night,
    plan,
    planned_chunks,
    put_in_force,
    read_rows,
    request_night,
    train,
    trained_corpus,
    write_rows,
)


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("trained")


@pytest.fixture
def trained(small: Any, cache: Path) -> Any:
    small.training = trained_corpus(small, cache)
    return small


def test_a_second_night_over_an_unchanged_corpus_encodes_and_labels_nothing(trained: Any) -> None:
    put_in_force(trained, trained.training, "stack")
    first = night(trained, "first")

    second = night(trained, "second")

    assert (first.labelled, second.labelled) == (90, 0)
    assert trained.num_forwarded == 0
    assert second.is_complete


def test_a_night_encodes_exactly_what_is_new_or_changed_in_rewritten_files(trained: Any) -> None:
    put_in_force(trained, trained.training, "mean_logistic_regression")
    night(trained, "first")
    rows = read_rows(trained.sources / "a.parquet")
    rows[7] = ("a changed text about a goat", "animal")
    del rows[50]
    write_rows(trained, "a.parquet", [*rows, ("a new text about salt", "food")])

    summary = night(trained, "second")

    assert trained.num_forwarded == 2
    assert summary.new_texts == 2
    changes = "SELECT change, count(*) FROM corpus_changes WHERE change <> 'moved' GROUP BY ALL"
    assert dict(trained.ask(changes)) == {"changed": 1, "new": 1, "deleted": 1}
    assert trained.ask("SELECT encoded FROM runs ORDER BY started_at DESC, encoded DESC LIMIT 2")
    assert trained.ask("SELECT count(*) FROM current_labels") == [(90,)]


def test_a_new_version_labels_every_document_from_the_stored_vectors(trained: Any) -> None:
    put_in_force(trained, trained.training, "mean_logistic_regression")
    night(trained, "first")
    again = train(trained, "mean", "cls", target_precision=0.8)
    put_in_force(trained, again, "mean_logistic_regression")
    trained.num_forwarded = 0

    work = plan(trained, "second")
    summary = night(trained, "second")

    assert work.to_embed == ()
    assert trained.num_forwarded == 0
    assert summary.labelled == 90
    assert summary.new_texts == 0  # they are new to the version, not to the labeler
    versions = "SELECT DISTINCT version FROM current_labels"
    assert trained.ask(versions) == [(again.labeler("small_mean_logistic_regression").name,)]


def test_the_members_of_an_ensemble_label_too_and_are_not_in_force(trained: Any) -> None:
    put_in_force(trained, trained.training, "stack")

    night(trained, "first")

    counts = dict(trained.ask("SELECT labeler, count(*) FROM labels GROUP BY ALL"))
    assert counts == dict.fromkeys((each.title for each in trained.training.labelers), 90)
    assert trained.ask("SELECT DISTINCT labeler FROM current_labels") == [("small_stack",)]


def test_a_labeler_of_texts_needs_no_encoder_and_commits_documents_itself(trained: Any) -> None:
    put_in_force(trained, trained.training, "tfidf")
    write_rows(trained, "b.parquet", [("a dog and a cow", None), ("butter and bread", None)])

    work = plan(trained, "first")
    summary = night(trained, "first")

    assert (work.to_embed, trained.num_forwarded) == ((), 0)
    assert summary.documents == 2
    assert summary.labelled == 92
    assert summary.is_complete


def test_a_document_without_a_vector_gets_a_reason_and_no_label(trained: Any) -> None:
    put_in_force(trained, trained.training, "stack")
    write_rows(trained, "b.parquet", [("\u200b", None), ("a dog and a cow", None)])

    summary = night(trained, "first")

    assert summary.is_complete
    assert (summary.labelled, summary.without_label) == (91, 1)
    reasons = "SELECT reason, count(*) FROM rejects WHERE stage = 'label' GROUP BY ALL"
    assert dict(trained.ask(reasons)) == {"no_vector": 2, "member_missing": 1}


def test_labels_are_those_that_the_test_said(trained: Any) -> None:
    put_in_force(trained, trained.training, "stack")
    night(trained, "first")

    differing = """
        SELECT count(*) FROM labels l JOIN predictions_heldout h USING (version, doc_id)
        WHERE l.labels <> h.predicted_labels OR abs(l.score - h.score) > 1e-6
    """
    assert trained.ask(differing) == [(0,)]


def test_without_a_labeler_in_force_there_is_nothing_to_do(trained: Any) -> None:
    assert plan_night(request_night(trained), "first") is None


def test_without_a_store_there_is_nothing_to_do(small: Any) -> None:
    assert plan_night(request_night(small), "first") is None
    assert not Path(small.store).exists()


def test_a_labeler_that_is_not_there_is_refused_with_those_in_force(trained: Any) -> None:
    put_in_force(trained, trained.training, "tfidf")

    with pytest.raises(ValueError, match=r"small_typo.*in force: small_tfidf"):
        plan(trained, "first", "small_typo")


def test_a_stored_labeler_can_be_tried_before_it_is_promoted(trained: Any) -> None:
    name = trained.training.labeler("small_cls_logistic_regression").name

    summary = night(trained, "first", name)

    assert summary.labelled == 90
    assert trained.ask("SELECT count(*) FROM current_labels") == [(0,)]


def test_a_model_that_was_moved_is_asked_for_only_when_a_text_needs_it(
    trained: Any, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "moved"
    elsewhere.symlink_to(trained.encoder.model)
    moved = trained.encoder.model_copy(update={"model": str(tmp_path / "gone")})
    (tmp_path / "gone").symlink_to(trained.encoder.model)
    trained.encoder = moved
    trained.store = tmp_path / "other"
    put_in_force(trained, train(trained, "mean"), "mean_logistic_regression")
    night(trained, "first")
    (tmp_path / "gone").unlink()
    assert night(trained, "second").is_complete

    write_rows(trained, "b.parquet", [("a dog and a cow", None)])
    with pytest.raises(ValueError, match="gone"):
        plan(trained, "third")


def test_texts_of_the_training_are_in_no_audit_and_no_drift(trained: Any) -> None:
    put_in_force(trained, trained.training, "mean_logistic_regression")
    write_rows(trained, "b.parquet", [(f"a dog and {n} cows", None) for n in range(7)])

    summary = night(trained, "first")

    drawn = trained.ask("SELECT doc_id FROM audit_sample")
    assert len(drawn) == summary.audited == 5
    assert all(document.startswith("b.parquet") for (document,) in drawn)
    assert {figure.n for figure in summary.drift} == {7}


def test_the_audit_of_another_night_is_drawn_anew_from_what_is_new(trained: Any) -> None:
    put_in_force(trained, trained.training, "mean_logistic_regression", "stack")
    night(trained, "first")
    write_rows(trained, "b.parquet", labelled_rows(10, start=100))

    summary = night(trained, "second")

    assert summary.new_texts == 30
    drawn = """
        SELECT labeler, list(doc_id ORDER BY doc_id) FROM audit_sample
        WHERE run = 'second' GROUP BY ALL
    """
    first, second = (documents for _, documents in trained.ask(drawn))
    assert first == second  # a person reads them once for both
    assert all(document.startswith("b.parquet") for document in first)


@pytest.mark.parametrize("is_whole", [True, False], ids=["a whole corpus", "a bad file in it"])
def test_what_a_killed_night_had_labelled_is_looked_at_by_the_next_and_once(
    trained: Any, *, is_whole: bool
) -> None:
    put_in_force(trained, trained.training, "tfidf")
    if not is_whole:  # so that no night owes nothing
        (trained.sources / "z.parquet").write_bytes(b"no parquet")
    night(trained, "first")
    write_rows(trained, "b.parquet", labelled_rows(20, start=100))
    killed = plan(trained, "killed")
    steps = label_step(killed.job, [chunk.name for chunk in planned_chunks(trained, killed)])
    assert [next(steps).labelled for _ in range(2)] == [20, 20]
    steps.close()

    second = night(trained, "second")
    write_rows(trained, "c.parquet", labelled_rows(5, start=200))
    third = night(trained, "third")

    assert (second.is_complete, second.labelled) == (is_whole, 20)
    assert (second.new_texts, third.new_texts) == (60, 15)
    drawn = "SELECT count(*), count(DISTINCT text_hash) FROM audit_sample WHERE run = 'second'"
    assert trained.ask(drawn) == [(5, 5)]


def test_labels_that_were_damaged_since_stop_no_look_for_those_of_killed_nights(
    trained: Any,
) -> None:
    put_in_force(trained, trained.training, "tfidf")
    (trained.sources / "z.parquet").write_bytes(b"no parquet")  # no night owes nothing
    night(trained, "first")
    for part in (trained.store / "datasets").glob("small_tfidf-*/parts/*.parquet"):
        part.write_bytes(b"damaged")

    assert judge_night(plan(trained, "second").job, (), audit=5) == Night()


def test_new_texts_beside_labels_that_were_damaged_since_say_how_to_mend_them(trained: Any) -> None:
    put_in_force(trained, trained.training, "tfidf")
    night(trained, "first")
    for part in (trained.store / "datasets").glob("small_tfidf-*/parts/*.parquet"):
        part.write_bytes(b"damaged")
    write_rows(trained, "b.parquet", labelled_rows(5, start=100))

    with pytest.raises(StoreError, match=r"made before cannot be read .*data verify STORE"):
        night(trained, "second")


def test_a_damaged_test_of_a_labeler_costs_its_drift_and_no_night(trained: Any) -> None:
    put_in_force(trained, trained.training, "mean_logistic_regression", "tfidf")
    name = trained.training.labeler("small_mean_logistic_regression").name
    damage_test(trained.store, name)
    write_rows(trained, "b.parquet", labelled_rows(10, start=100))

    summary = night(trained, "first")

    assert (summary.is_complete, summary.audited) == (True, 5)
    assert {figure.labeler for figure in summary.drift} == {"small_tfidf"}
    (warning,) = summary.warnings
    assert "drift was not measured" in warning
    assert f"models/{name}/heldout.parquet is damaged" in warning
    assert warning.endswith("Remove it and train again.")


def test_foreign_texts_raise_a_look(trained: Any) -> None:
    put_in_force(trained, trained.training, "mean_logistic_regression")
    night(trained, "first")
    write_rows(trained, "b.parquet", [(f"{n} {n + 1} !!! ??? {n}", None) for n in range(60)])

    summary = night(trained, "second")

    assert [figure.statistic for figure in summary.drift if figure.look] == ["centroid_distance"]
    assert "does not say that labels are wrong" in summary.warnings[0]
