"""Labels from people: the file that they get, what comes back, and what is said of every row."""

from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pytest

import flows.export_review
from data import StoredLabeler, open_existing_store, read_reviews, rows_to_review
from flows.export_review import export_review
from flows.import_review import import_review
from flows.promote import promote_labeler, retire_labeler, show_labelers
from tasks.reviews import split_labels
from tests.nights import labelled_rows, night, put_in_force, trained_corpus, write_rows


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("trained")


@pytest.fixture
def labelled(small: Any, cache: Path) -> Any:
    """90 documents that were trained on, and 30 new ones; five of these are drawn for the audit."""
    small.training = trained_corpus(small, cache)
    put_in_force(small, small.training, "tfidf")
    write_rows(small, "b.parquet", labelled_rows(10, start=100))
    night(small, "first")
    return small


def export(labelled: Any, name: str = "rows.csv", **options: Any) -> Path:
    file = Path(labelled.sources.parent / name)
    export_review(str(labelled.store), file, **options)
    return file


def fill_in(file: Path, labels: dict[int, str], **changes: Any) -> Path:
    """The file with these labels in these rows; `changes` are other columns."""
    is_csv = file.suffix == ".csv"
    table = pl.read_csv(file, infer_schema=False) if is_csv else pl.read_parquet(file)
    said = pl.Series("label", [labels.get(n) for n in range(table.height)], pl.String)
    table = table.with_columns(said, **{name: pl.lit(value) for name, value in changes.items()})
    table.write_csv(file) if is_csv else table.write_parquet(file)
    return file


def test_the_audit_rows_have_the_text_and_neither_label_nor_decision(labelled: Any) -> None:
    table = pl.read_csv(export(labelled, only_audit=True), infer_schema=False)

    assert table.height == 5
    assert table["label"].null_count() == table["predicted"].null_count() == 5
    assert table["text"].null_count() == 0
    assert set(table["reason"]) == {"audit"}


@pytest.mark.parametrize("name", ["rows.csv", "rows.parquet"])
def test_what_was_filled_in_is_in_the_audit_and_no_more_in_the_review(
    labelled: Any, name: str
) -> None:
    truth = dict(labelled.ask("SELECT hex(text_hash), label FROM documents"))
    file = export(labelled, name, only_audit=True)
    read = pl.read_csv if name.endswith("csv") else pl.read_parquet
    right = [truth[text] for text in read(file)["text_hash"]]
    labels = dict(enumerate(right)) | {4: "something else"}
    before = labelled.ask("SELECT count(*) FROM review WHERE reason = 'audit'")

    import_review(str(labelled.store), fill_in(file, labels))

    assert before == [(5,)]
    assert labelled.ask("SELECT count(*) FROM review WHERE reason = 'audit'") == [(0,)]
    audit = "SELECT reviewed, accuracy, low < accuracy, high > accuracy FROM audit"
    assert labelled.ask(audit) == [(5, 0.8, True, True)]


def test_every_row_that_is_no_review_is_counted(
    labelled: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    file = export(labelled, only_audit=True)
    fill_in(file, {0: "animal", 1: "brand new"})
    import_review(str(labelled.store), file)
    capsys.readouterr()
    fill_in(file, {0: "animal", 1: "brand new", 2: "food"})
    table = pl.read_csv(file, infer_schema=False)
    hashes = [*table["text_hash"][:2], "00" * 16, *table["text_hash"][3:]]
    table.with_columns(pl.Series("text_hash", hashes)).write_csv(file)

    import_review(str(labelled.store), file)

    said = capsys.readouterr().out
    assert "2 rows known already" in said
    assert "2 rows without a label" in said
    assert "1 row of texts that are not in the store any more" in said
    assert "no review was kept" in said
    assert len(read_reviews(open_existing_store(str(labelled.store)))) == 2


def test_a_label_that_the_labeler_does_not_know_is_kept_and_said(
    labelled: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    import_review(str(labelled.store), fill_in(export(labelled), {0: "brand new"}))

    assert "brand new" in capsys.readouterr().out
    assert labelled.ask("SELECT label FROM reviews") == [("brand new",)]


def test_a_row_of_another_labeler_is_no_review(
    labelled: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    import_review(str(labelled.store), fill_in(export(labelled), {0: "food"}, version="other-1"))

    assert "of a labeler or reason that was not exported" in capsys.readouterr().out


def test_a_file_is_never_written_over(labelled: Any) -> None:
    export(labelled)

    with pytest.raises(ValueError, match="is there already"):
        export(labelled)


def test_a_file_of_other_columns_is_refused_with_those_that_it_lacks(labelled: Any) -> None:
    file = labelled.sources.parent / "other.csv"
    file.write_text("label,text\nfood,bread\n")

    with pytest.raises(ValueError, match=r"no column .*'text_hash'.*export_review"):
        import_review(str(labelled.store), file)


@pytest.mark.parametrize(
    ("task", "said", "labels"),
    [
        ("single_label", " a; b ", ("a; b",)),
        ("multi_label", "a; b;a", ("a", "b")),
        ("multi_label", "c; d", ("c; d",)),  # a label of the schema that holds the separator
        ("multi_label", "(none)", ()),
        ("single_label", "'-1", ("-1",)),  # as the file shows it
        ("multi_label", "'-1; 'x", ("-1", "'x")),  # what is no label stays as it was typed
    ],
)
def test_labels_are_read_as_people_type_them(task: str, said: str, labels: tuple[str, ...]) -> None:
    labeler = StoredLabeler.model_validate(
        {
            "name": "n",
            "fingerprint": "f",
            "title": "t",
            "label_schema": {"task": task, "labels": ["a", "b", "c; d", "-1"]},
            "source": {"kind": "text"},
            "method": {"name": "tfidf"},
            "decision": {"target_precision": 0.9},
        }
    )

    assert split_labels(said, labeler) == labels


def test_promoting_says_the_way_back_and_the_list_says_who_is_in_force(
    labelled: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    store = str(labelled.store)
    name = labelled.training.labeler("small_stack").name

    promote_labeler(store, name)
    promote_labeler(store, name)
    show_labelers(open_existing_store(store))
    retire_labeler(store, "small_tfidf")

    said = capsys.readouterr().out
    assert f"In force: {name}." in said
    assert f"{name} is in force already." in said
    assert "No labeler small_tfidf is in force any more" in said
    assert labelled.ask("SELECT labeler FROM labelers WHERE is_in_force") == [("small_stack",)]


def test_a_labeler_that_is_not_there_is_refused(labelled: Any) -> None:
    with pytest.raises(ValueError, match="no labeler 'small_typo'"):
        promote_labeler(str(labelled.store), "small_typo")


def test_a_text_that_looks_like_a_formula_is_none_in_a_spreadsheet(
    labelled: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def rows(*_: Any) -> pa.Table:
        found = rows_to_review(*_)
        texts = pa.array(['=HYPERLINK("http://x")', "na\u00efve"] * found.num_rows)
        ids = pa.array(["-0012"] * found.num_rows)
        for name, values in (("text", texts[: found.num_rows]), ("doc_id", ids)):
            found = found.set_column(found.column_names.index(name), name, values)
        return found

    monkeypatch.setattr(flows.export_review, "rows_to_review", rows)

    csv, parquet = export(labelled), export(labelled, "rows.parquet")

    assert csv.read_bytes().startswith(b"\xef\xbb\xbf")  # or Excel takes UTF-8 for something else
    assert set(pl.read_csv(csv)["text"]) == {'\'=HYPERLINK("http://x")', "na\u00efve"}
    assert '=HYPERLINK("http://x")' in set(pl.read_parquet(parquet)["text"])
    assert set(pl.read_csv(csv)["doc_id"]) == {"'-0012"}
    import_review(str(labelled.store), fill_in(csv, {0: "food"}))
    assert labelled.ask("SELECT doc_id FROM reviews") == [("-0012",)]


def test_none_of_the_labels_is_no_answer_where_each_document_has_one(
    labelled: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    import_review(str(labelled.store), fill_in(export(labelled), {0: "(none)"}))

    assert "1 row with (none), where each document has one of the labels" in capsys.readouterr().out


def test_labels_that_are_no_text_are_read_as_it(labelled: Any) -> None:
    file = export(labelled, "rows.parquet")
    table = pl.read_parquet(file)
    table.with_columns(label=pl.lit(0)).write_parquet(file)

    import_review(str(labelled.store), file)

    assert labelled.ask("SELECT DISTINCT label FROM reviews") == [("0",)]
