"""Training on a labelled corpus: what is trained, what is refused, what the store holds then."""

from functools import reduce
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from data import (
    labeler_names,
    load_evaluation,
    load_labeler,
    open_existing_store,
    save_reviews,
)
from data.upkeep.verifying import find_damage
from labeling import FineTuneSpec, HeadSpec, TrainSpec
from tasks.training.check import check_training
from tasks.training.findings import EncoderPoolings, Training
from tasks.training.request import TrainingSpec, TrainRequest
from tasks.training.reviewed import read_reviewed
from tasks.training.spaces import learned_words
from tasks.training.train import LabelerTraining
from tasks.training.words import baseline_words, training_rows
from tests.damages import flip
from tests.nights import (
    CARRIED,
    labelled_rows,
    night,
    put_in_force,
    texts_of,
    train,
    trained_corpus,
    write_rows,
)

ACCURACY = """
    SELECT avg((l.labels = h.labels)::INT) FROM labels l
    JOIN predictions_heldout h USING (version, doc_id) WHERE l.version = '{version}'
"""

SAME = """
    SELECT bool_and(l.labels = h.predicted_labels AND abs(l.score - h.score) < 1e-5)
    FROM labels l JOIN predictions_heldout h USING (version, doc_id)
"""


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("trained")


@pytest.fixture
def trained(small: Any, cache: Path) -> Any:
    small.training = trained_corpus(small, cache)
    return small


def check(small: Any, *, corpus: Any = None, **training: Any) -> tuple[str, ...]:
    asked = small.request(corpus={"carry_columns": CARRIED} | (corpus or {}))
    return check_training(
        TrainRequest(
            corpus=asked.corpus,
            label_column="label",
            spaces=(EncoderPoolings(encoder=small.encoder, poolings=asked.poolings),),
            training=TrainingSpec(**training),
            store=asked.store,
            run=asked.run,
        )
    )


def accuracy_in_sql(small: Any, found: Training, title: str) -> float:
    """Of the stored labels of the test's documents, in the published catalog."""
    ((accuracy,),) = small.ask(ACCURACY.format(version=found.labeler(title).name))
    return float(accuracy)


def test_the_words_alone_are_always_trained_and_stand_first(trained: Any) -> None:
    titles = [labeler.title for labeler in trained.training.labelers]

    assert titles == [
        "small_tfidf",
        "small_mean_logistic_regression",
        "small_cls_logistic_regression",
        "small_stack",
    ]
    assert set(labeler_names(open_existing_store(str(trained.store)))) == {
        labeler.name for labeler in trained.training.labelers
    }


def test_every_labeler_is_kept_with_its_evaluation_and_what_it_was_made_from(trained: Any) -> None:
    store = open_existing_store(str(trained.store))

    for labeler in trained.training.labelers:
        kept = load_evaluation(store, labeler.name) or {}
        assert kept["num_test"] == labeler.evaluation.num_test == 45
        assert kept["corpus"] == "small"
        assert "scikit-learn" in kept["libraries"]
        assert kept["texts_digest"]


def test_nothing_is_in_force_before_it_is_promoted(trained: Any) -> None:
    assert trained.ask("SELECT count(*) FROM labelers WHERE is_in_force") == [(0,)]


def test_the_same_training_twice_makes_the_same_versions(trained: Any) -> None:
    again = train(trained, "mean", "cls")

    assert [labeler.name for labeler in again.labelers] == [
        labeler.name for labeler in trained.training.labelers
    ]


def test_a_table_shows_the_labelers_the_best_first_with_intervals(trained: Any) -> None:
    rows = training_rows(trained.training)

    assert len(rows) == 4
    assert rows[0][1].startswith("1.000 (")
    assert baseline_words(trained.training) is not None  # words alone are perfect here, too


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"corpus": {"carry_columns": ("text",)}}, r"label_column 'label' is not among.*carry"),
        ({"split_column": "split"}, r"split_column 'split' is not among.*carry"),
        ({"heads": ("logistic_regression",) * 2}, "asked for twice"),
    ],
    ids=str,
)
def test_what_cannot_be_trained_is_refused_before_anything_is_embedded(
    small: Any, changes: dict[str, Any], said: str
) -> None:
    write_rows(small, "a.parquet", labelled_rows(10))

    with pytest.raises(ValueError, match=said):
        check(small, **changes)
    assert not small.store.exists()


@pytest.mark.parametrize(
    ("labels", "said"),
    [
        ([None] * 30, "label"),
        (["one"] * 30, "one"),
        (["one"] * 15 + [None] * 15, "label"),
        (["one"] * 29 + ["rare"], "rare"),
    ],
    ids=["none", "one class", "some without", "too rare"],
)
def test_labels_that_cannot_be_learned_are_refused(
    small: Any, labels: list[str | None], said: str
) -> None:
    rows = [(f"text {n}", label) for n, label in enumerate(labels)]
    small.write(
        "a.parquet", [text for text, _ in rows], label=pa.array([x for _, x in rows], pa.string())
    )

    with pytest.raises(ValueError, match=said):
        check(small)


def test_rows_without_a_label_are_passed_over_if_that_was_chosen(small: Any) -> None:
    write_rows(small, "a.parquet", [*labelled_rows(10), ("without", None), ("another", None)])

    facts = check(small, split={"on_missing": "drop"})

    assert facts[0] == "2 rows without a label were passed over."


def test_no_more_rows_than_asked_for_are_trained_on(small: Any) -> None:
    write_rows(small, "a.parquet", labelled_rows(20))

    facts = check(small, max_rows=45)

    assert "15 rows were left out" in facts[0]


def test_the_split_column_says_what_is_tested(small: Any) -> None:
    rows = labelled_rows(20)
    split = ["test" if n % 4 == 0 else "train" for n in range(len(rows))]
    write_rows(small, "a.parquet", rows, split=pa.array(split))

    facts = check(small, corpus={"carry_columns": (*CARRIED, "split")}, split_column="split")

    assert any("45 documents to train on" in fact and "15 to test" in fact for fact in facts)


def test_documents_without_a_vector_are_no_examples(small: Any) -> None:
    write_rows(small, "a.parquet", [*labelled_rows(20), ("\u200b", "food")])

    found = train(small, "mean")

    assert "1 document left out: without a vector in some space." in found.examples
    assert found.labelers[0].evaluation.num_train + found.labelers[0].evaluation.num_test == 60


def test_a_learned_pooling_labels_the_test_as_its_training_did(small: Any) -> None:
    write_rows(small, "a.parquet", labelled_rows(20))

    found = train(small, "mean", learned=("attention",), learning=TrainSpec(epochs=2), ensembles=())

    title = "small_attention_linear"
    put_in_force(small, found, "attention_linear")
    assert night(small, "first").is_complete
    expected = found.labeler(title).evaluation.metric("accuracy").value
    assert accuracy_in_sql(small, found, title) == expected
    assert small.ask(SAME) == [(True,)]
    (learned,) = found.spaces
    again = train(small, *learned.poolings, ensembles=())
    name = learned.poolings[0].weights
    assert [fact for fact in again.examples if f"learned from labels already ({name})" in fact]
    assert not any("already" in fact for fact in found.examples)


def test_labelers_are_ranked_by_rows_that_none_of_them_had_seen(small: Any) -> None:
    write_rows(small, "a.parquet", labelled_rows(20))
    described = small.request(corpus={"carry_columns": CARRIED})
    small.embed(corpus={"carry_columns": CARRIED})
    training = LabelerTraining(
        TrainRequest(
            corpus=described.corpus,
            label_column="label",
            spaces=(EncoderPoolings(encoder=small.encoder, poolings=described.poolings),),
            training=TrainingSpec(learned=("attention",), learning=TrainSpec(epochs=1)),
            store=described.store,
            run=described.run,
        )
    )

    training.train()

    examples = training.corpus.examples
    members = [kept.member for kept in training.shelf]
    held = reduce(np.intersect1d, [member.held for member in members])
    assert len(held) < len(members[0].held) == len(examples.train)
    truth = examples.indicator[held].argmax(1)
    for kept in training.shelf:
        places = np.searchsorted(kept.member.held, held)
        said = kept.member.held_probabilities[places].argmax(1)
        assert kept.held_quality == (said == truth).mean()


def test_a_fine_tuned_encoder_is_embedded_with_and_labels_as_its_training_did(small: Any) -> None:
    write_rows(small, "a.parquet", labelled_rows(20))

    found = train(
        small,
        "mean",
        fine_tuned=("mean",),
        fine_tuning=FineTuneSpec(epochs=1, batch_texts=16),
        ensembles=(),
    )

    title = "small_tuned_mean_linear"
    (space,) = found.spaces
    assert Path(space.encoder.model).parent == small.store / "encoders"
    tuned = small.request(corpus={"carry_columns": CARRIED})
    (said,) = learned_words(
        open_existing_store(str(small.store)),
        TrainRequest(
            corpus=tuned.corpus,
            label_column="label",
            spaces=(space,),
            training=TrainingSpec(),
            store=tuned.store,
            run=tuned.run,
        ),
    )
    assert Path(space.encoder.model).name in said
    put_in_force(small, found, "tuned_mean_linear")
    assert night(small, "first").is_complete
    expected = found.labeler(title).evaluation.metric("accuracy").value
    assert accuracy_in_sql(small, found, title) == expected
    assert list(find_damage(open_existing_store(str(small.store)), lambda _: None)) == []
    flip(Path(space.encoder.model) / "model.safetensors", 1_000)
    (damage,) = find_damage(open_existing_store(str(small.store)), lambda _: None)
    assert damage.place == f"encoders/{Path(space.encoder.model).name}/model.safetensors"
    assert damage.found == "its bytes are not those that were written"


def test_several_labels_of_a_document_are_learned_and_decided(small: Any) -> None:
    rows: list[tuple[str, Any]] = [(text, [label]) for text, label in labelled_rows(15)]
    rows += [
        (f"{one} and {other}", ["animal", "food"])
        for one, other in zip(texts_of("animal", 15, 50), texts_of("food", 15, 50), strict=True)
    ]
    write_rows(small, "a.parquet", rows)

    found = train(small, "mean", ensembles=())
    put_in_force(small, found, "tfidf")
    night(small, "first")

    assert found.label_schema.task == "multi_label"
    assert found.labelers[0].evaluation.metric("f1_micro").value > 0.8
    both = "SELECT count(*) FROM labels WHERE len(labels) = 2 AND label IS NULL"
    assert small.ask(both)[0][0] > 10


def test_descriptions_of_labels_are_what_prototypes_are_made_of(small: Any) -> None:
    write_rows(small, "a.parquet", labelled_rows(10))
    described = {"animal": "a dog, a cow", "food": "bread and butter", "money": "banks and taxes"}

    found = train(
        small, "mean", heads=(HeadSpec(head="prototype"),), descriptions=described, ensembles=()
    )

    assert found.labeler("small_mean_prototype").evaluation.metric("accuracy").value > 0.5


def test_labels_of_people_replace_those_of_the_column(small: Any) -> None:
    write_rows(small, "a.parquet", labelled_rows(10))
    first = train(small, "mean", ensembles=())
    put_in_force(small, first, "tfidf")
    night(small, "first")
    rows = small.ask("SELECT chunk, row, doc_id, text_hash FROM labels ORDER BY row LIMIT 8")
    store = open_existing_store(str(small.store))
    tfidf = first.labeler("small_tfidf")
    save_reviews(
        store,
        pa.table(
            {
                "chunk": [row[0] for row in rows],
                "row": [row[1] for row in rows],
                "doc_id": [row[2] for row in rows],
                "text_hash": pa.array([row[3] for row in rows], pa.binary(16)),
                "labeler": ["small_tfidf"] * 8,
                "version": [tfidf.name] * 8,
                "label": ["reviewed"] * 8,
                "labels": [["reviewed"]] * 8,
                "reason": ["review"] * 8,
                "reviewed_at": pa.array([1_700_000_000_000_000] * 8, pa.timestamp("us", "UTC")),
            }
        ),
    )

    found = train(small, "mean", ensembles=(), use_reviews=True)

    assert found.label_schema.labels == ("animal", "food", "money", "reviewed")
    assert load_labeler(store, found.labelers[0].name).label_schema.labels[-1] == "reviewed"
    request = TrainRequest(
        corpus=small.request(corpus={"carry_columns": ("tone", "text")}).corpus,
        label_column="tone",
        spaces=(),
        training=TrainingSpec(use_reviews=True),
        store=small.request().store,
        run=small.request().run,
    )
    other = read_reviewed(store, request)  # people were asked for another column
    assert not other.labels.num_rows
    assert other.facts[0].startswith("8 reviews left out: ")
    assert "than 'tone'" in other.facts[0]
