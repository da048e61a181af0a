"""What people said: kept for good, asked for in the view review, and counted in the view audit."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from data import (
    REVIEWS,
    AuditDraw,
    LocalStore,
    RunRecord,
    StoreError,
    promote,
    publish_catalog,
    read_reviews,
    save_reviews,
    save_run,
)
from tests.labels import keep_labeler, label
from tests.stores import ask, corpus_of, embed, tiny_store, write_texts

MOMENT = datetime(2026, 11, 21, 10, tzinfo=UTC)
SAYS = {"one": [0.9, 0.1, 0.0], "two": [0.4, 0.6, 0.0], "three": [0.5, 0.0, 0.5]}
ASKED = "SELECT row, labeler, label, reason, detail FROM review ORDER BY row, labeler"


class Reviewed:
    """Three labelled documents, of which the first alone is sure enough."""

    def __init__(self, folder: Path, **corpus: Any) -> None:
        self.store = tiny_store(folder / "store")
        write_texts(folder / "texts" / "a.parquet", list(SAYS))
        self.plan = embed(self.store, corpus_of(folder / "texts", **corpus))
        self.name = keep_labeler(self.store)
        promote(self.store, self.name)
        label(self.store, self.plan, {self.name: SAYS})

    def row(self, row: int, label: str | None = "film", **changes: Any) -> dict[str, Any]:
        """A review of the document in this row."""
        (text_hash,) = ask(self.store, "SELECT text_hash FROM labels WHERE row = $row", row=row)
        values = {"chunk": self.plan.chunks[0].name, "row": row, "doc_id": f"a.parquet#{row}"}
        values |= {"text_hash": text_hash, "labeler": "topic", "version": self.name}
        values |= {"label": label, "labels": [label], "reason": "review", "reviewed_at": MOMENT}
        return values | changes

    def review(self, *rows: dict[str, Any]) -> None:
        save_reviews(self.store, pa.Table.from_pylist(list(rows)))
        publish_catalog(self.store)

    def draw(self, *rows: int, run: str = "night-1") -> None:
        """An audit sample of these rows."""
        labels = dict(ask(self.store, "SELECT row, [label, is_auto::TEXT] FROM labels"))
        drawn = tuple(
            AuditDraw(
                labels=(labels[row][0],),
                is_auto=labels[row][1] == "true",
                text_hash=self.row(row)["text_hash"].hex(),
                **{k: self.row(row)[k] for k in ("chunk", "row", "doc_id", "labeler", "version")},
            )
            for row in rows
        )
        record = RunRecord(
            run=run, state="completed", corpus="notes", plan=self.plan.name, spaces=(),
            started_at=MOMENT, ended_at=MOMENT, asked={}, audit=drawn,
        )  # fmt: skip
        save_run(self.store, record)
        publish_catalog(self.store)


@pytest.fixture
def reviewed(tmp_path: Path) -> Reviewed:
    return Reviewed(tmp_path)


@pytest.fixture
def store(reviewed: Reviewed) -> LocalStore:
    return reviewed.store


def test_reviews_are_numbered_and_read_in_their_order(reviewed: Reviewed) -> None:
    for row, number in ((1, 1), (2, 2)):
        assert save_reviews(reviewed.store, pa.Table.from_pylist([reviewed.row(row)])) == number

    found = read_reviews(reviewed.store)

    assert found["number"].to_pylist() == [1, 2]
    assert found["row"].to_pylist() == [1, 2]
    assert found["reviewer"].to_pylist() == [None, None]
    assert found.drop_columns("number").schema == REVIEWS


def test_a_store_without_reviews_has_none(store: LocalStore) -> None:
    assert read_reviews(store).num_rows == 0


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"reason": "whim"}, "of the reasons .'whim'.*Give one or more, of the reasons 'review'"),
        ({"labels": None}, "reviews: its columns cannot be kept"),
        ({"text_hash": b"short"}, "reviews: its columns cannot be kept"),
    ],
)
def test_a_review_that_makes_no_sense_is_refused(
    reviewed: Reviewed, changes: dict[str, Any], said: str
) -> None:
    table = pa.Table.from_pylist([reviewed.row(1, **changes)])

    with pytest.raises(ValueError, match=said):
        save_reviews(reviewed.store, table)
    assert reviewed.store.list("reviews") == []


def test_no_review_at_all_is_refused(store: LocalStore) -> None:
    with pytest.raises(ValueError, match="0 rows"):
        save_reviews(store, REVIEWS.empty_table())
    with pytest.raises(ValueError, match=r"reviews: no column .*text_hash"):
        save_reviews(store, pa.table({"row": [1]}))


def test_a_damaged_file_of_reviews_is_named(reviewed: Reviewed) -> None:
    reviewed.review(reviewed.row(1))
    (reviewed.store.root / "reviews" / "1.parquet").write_bytes(b"PAR1")

    with pytest.raises(StoreError, match=r"reviews/1\.parquet cannot be read .*import its reviews"):
        publish_catalog(reviewed.store)


def test_documents_that_are_not_sure_enough_are_asked_for(store: LocalStore) -> None:
    assert ask(store, ASKED) == [
        (1, "topic", "news", "review", "score 0.600 below 0.750"),
        (2, "topic", "film", "review", "score 0.500 below 0.750"),
    ]


def test_where_no_score_reaches_the_target_it_says_so(
    store: LocalStore, reviewed: Reviewed
) -> None:
    decision = {"target_precision": 0.95, "min_score": None}
    name = keep_labeler(store, "strict", decision=decision)
    promote(store, name)
    label(store, reviewed.plan, {name: SAYS})

    details = "SELECT DISTINCT detail FROM review WHERE labeler = 'strict'"
    assert ask(store, details) == ["no score reaches a precision of 0.950"]
    assert ask(store, "SELECT count(*) FROM review WHERE labeler = 'strict'") == [3]


def test_documents_drawn_at_random_are_asked_for_whatever_their_score(
    store: LocalStore, reviewed: Reviewed
) -> None:
    reviewed.draw(0, 1)

    assert ask(store, ASKED) == [
        (0, "topic", "film", "audit", "drawn at random by night-1"),
        (1, "topic", "news", "audit", "drawn at random by night-1"),
        (2, "topic", "film", "review", "score 0.500 below 0.750"),
    ]


def test_a_draw_is_of_a_text_wherever_it_went_and_asked_for_once(
    store: LocalStore, reviewed: Reviewed, tmp_path: Path
) -> None:
    reviewed.draw(0)
    write_texts(tmp_path / "texts" / "a.parquet", ["two", "one", "one"])
    plan = embed(store, reviewed.plan.corpus)
    label(store, plan, {reviewed.name: SAYS})
    reviewed.plan = plan

    assert ask(store, ASKED) == [
        (0, "topic", "news", "review", "score 0.600 below 0.750"),
        (1, "topic", "film", "audit", "drawn at random by night-1"),
    ]
    assert ask(store, "SELECT drawn FROM audit") == [1]


def test_what_was_reviewed_is_asked_for_no_more_wherever_its_text_stands(
    store: LocalStore, reviewed: Reviewed
) -> None:
    reviewed.review(reviewed.row(2, chunk="of a file that is gone"))

    assert [row for row, *_ in ask(store, ASKED)] == [1]


def test_a_labeler_that_is_not_in_force_asks_for_nothing(
    store: LocalStore, reviewed: Reviewed
) -> None:
    label(store, reviewed.plan, {keep_labeler(store, "mood"): SAYS})

    assert {labeler for _, labeler, *_ in ask(store, ASKED)} == {"topic"}


def test_the_text_is_shown_if_it_is_carried(store: LocalStore, tmp_path: Path) -> None:
    assert ask(store, "SELECT DISTINCT text FROM review") == [None]
    carried = Reviewed(tmp_path / "carried", carry_columns=["text"])

    assert ask(carried.store, "SELECT text FROM review ORDER BY row") == ["two", "three"]


def test_several_text_columns_are_joined_as_they_were_read(tmp_path: Path) -> None:
    store, columns = tiny_store(tmp_path / "store"), ["it's", 'a "title"']
    path = tmp_path / "texts" / "a.parquet"
    values: dict[str, Any] = {columns[0]: ["first"], columns[1]: ["second"]}
    write_texts(path, ["x"], **values)
    corpus = corpus_of(path.parent, text_columns=columns, carry_columns=columns, separator="'; ")
    plan = embed(store, corpus)
    name = keep_labeler(store)
    promote(store, name)
    label(store, plan, {name: {"first'; second": [0.5, 0.5, 0.0]}})

    assert ask(store, "SELECT text FROM review") == ["first'; second"]


def test_the_audit_says_how_often_drawn_labels_were_right(
    store: LocalStore, reviewed: Reviewed
) -> None:
    reviewed.draw(0, 1, 2)
    reviewed.review(
        reviewed.row(0, "film", reason="audit"),
        reviewed.row(1, "sport", reason="audit"),
    )

    ((drawn, done, accuracy, low, high, auto, precision),) = ask(
        store, "SELECT * EXCLUDE (labeler, version) FROM audit"
    )

    assert (drawn, done, accuracy, auto, precision) == (3, 2, 0.5, 1, 1.0)
    # of 1 right in 2, Wilson's interval is 0.5 -+ 0.5 z / sqrt(2 + z^2)
    assert (low, high) == pytest.approx((0.094531, 0.905469), abs=1e-6)


def test_a_draw_counts_by_the_last_review_of_its_text(
    store: LocalStore, reviewed: Reviewed
) -> None:
    reviewed.draw(0)
    reviewed.draw(0, run="night-2")
    later = MOMENT.replace(hour=11)
    reviewed.review(reviewed.row(0, "sport", reviewed_at=later, chunk="elsewhere"))
    reviewed.review(reviewed.row(0, "film"))

    assert ask(store, "SELECT drawn, reviewed, accuracy FROM audit") == [(1, 1, 0.0)]


def test_an_audit_without_reviews_has_no_accuracy(store: LocalStore, reviewed: Reviewed) -> None:
    reviewed.draw(0, 1)

    found = ask(store, "SELECT drawn, reviewed, accuracy, low, high, auto_precision FROM audit")
    assert found == [(2, 0, None, None, None, None)]


def test_several_labels_are_right_in_any_order(store: LocalStore, reviewed: Reviewed) -> None:
    row = reviewed.row(1)
    drawn = AuditDraw(
        chunk=row["chunk"], row=1, doc_id="d", text_hash=row["text_hash"].hex(), labeler="topic",
        version=reviewed.name, labels=("news", "film"), is_auto=False,
    )  # fmt: skip
    record = RunRecord(
        run="r", state="completed", corpus="notes", plan="p", spaces=(), started_at=MOMENT,
        ended_at=MOMENT, asked={}, audit=(drawn,),
    )  # fmt: skip
    save_run(store, record)
    reviewed.review(reviewed.row(1, label=None, labels=["film", "news"]))

    assert ask(store, "SELECT accuracy FROM audit") == [1.0]


def test_reviews_are_a_table(store: LocalStore, reviewed: Reviewed) -> None:
    reviewed.review(reviewed.row(1, "sport", reviewer="ann"))

    query = "SELECT number, row, labeler, label, labels, reason, reviewer, reviewed_at FROM reviews"
    assert ask(store, query) == [(1, 1, "topic", "sport", ["sport"], "review", "ann", MOMENT)]
