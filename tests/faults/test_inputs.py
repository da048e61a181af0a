"""Cases 18, 19, 20, 21 and 36: files that cannot be read, or hold nothing, or something else."""

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import tasks.step
from data import LocalStore, newest_catalog
from tests.damages import CHECKED, DAMAGES, LONG, flip
from tests.faults.accounts import account
from tests.faults.runs import begin_run, do_chunks, end_run, whole_run
from tests.faults.work import Job
from tests.small_corpus import SmallCorpus
from tests.stores import ask, write_texts

BY_FILE = "SELECT file, count(*) FROM documents GROUP BY ALL ORDER BY ALL"


def test_case_18_files_that_cannot_be_read_are_named_with_their_reasons_and_the_others_proceed(
    small: SmallCorpus,
) -> None:
    small.write("good.parquet", ["one", "two"])
    for name, (damage, _) in DAMAGES.items():
        path = small.write(f"{name}.parquet", LONG, options=CHECKED)
        damage(path)

    refused, tolerated = small.embed(), small.embed(tolerate_unreadable=True)
    assert (refused.is_complete, tolerated.is_complete) == (False, True)
    assert (len(refused.problems), len(tolerated.tolerated)) == (len(DAMAGES), len(DAMAGES))
    said = dict(small.ask("SELECT file, reason FROM unreadable_files"))
    assert said.keys() == {f"{name}.parquet" for name in DAMAGES}
    for name, (_, reason) in DAMAGES.items():
        assert re.search(reason, said[f"{name}.parquet"])
    assert small.ask(BY_FILE) == [("good.parquet", 2)]
    assert small.ask("SELECT state FROM runs ORDER BY run") == [("incomplete",), ("completed",)]

    for name in DAMAGES:
        small.write(f"{name}.parquet", [f"no {name}"])
    assert small.embed().is_complete
    assert small.ask("SELECT count(*) FROM splade_tiny_mean") == [(2 + len(DAMAGES),)]
    assert small.ask("FROM unreadable_files") == []


def test_case_19_a_byte_that_flipped_anywhere_in_a_page_costs_its_chunk_and_is_never_a_text(
    make_job: Callable[..., Job], tmp_path: Path
) -> None:
    job, clean = make_job(rows=1, name="z.parquet"), tmp_path / "clean"
    texts = [f"text number {n}" for n in range(30)]
    for byte in (1, 40, 75, 110, 145):  # ten texts, which stand last in a page, are 180 bytes
        pq.write_table(pa.table({"text": texts}), job.sources / f"{byte}.parquet", 10, **CHECKED)
    shutil.copytree(job.sources, clean)
    flipped = list(job.sources.glob("[0-9]*"))
    for path in flipped:
        third = pq.read_metadata(path).row_group(2).column(0)
        flip(path, third.data_page_offset + third.total_compressed_size - int(path.stem))

    store = LocalStore(job.store)
    run = begin_run(store, job.corpus, *job.spaces)
    failures = do_chunks(store, run)
    end_run(store, run)
    assert len(failures) == len(flipped) == 5
    assert all(re.search(r"rows 20-29: it is damaged.*CRC", reason) for reason in failures)
    for each in job.spaces:
        found = account(newest_catalog(store), clean, each)
        assert (found.lost, found.doubled, found.strange) == (50, 0, 0)

    shutil.copytree(clean, job.sources, dirs_exist_ok=True)
    whole_run(store, job.corpus, *job.spaces)
    assert all(account(newest_catalog(store), clean, each).is_good for each in job.spaces)


def no_files(_: Path) -> None: ...


def other_files(folder: Path) -> None:
    (folder / "notes.txt").write_text("not Parquet")


def no_rows(folder: Path) -> None:
    write_texts(folder / "none.parquet", pa.array([], pa.string()))


def no_row_groups(folder: Path) -> None:
    with pq.ParquetWriter(folder / "no-groups.parquet", pa.schema([("text", pa.string())])):
        pass


NOTHING = {
    no_files: "no Parquet file matched; found nothing",
    other_files: r"no Parquet file matched; found only \['notes.txt'\]",
    no_rows: "the 1 files at .* hold no rows",
    no_row_groups: "the 1 files at .* hold no rows",
}


@pytest.mark.parametrize("nothing", NOTHING, ids=lambda nothing: nothing.__name__)
def test_case_20_nothing_is_no_success_and_takes_nothing_from_the_catalog(
    make_job: Callable[..., Job], nothing: Callable[[Path], None]
) -> None:
    job = make_job(rows=10)
    store = LocalStore(job.store)
    nothing(job.sources)  # beside a file with rows it is no trouble
    whole_run(store, job.corpus, *job.spaces)
    shown, seals = newest_catalog(store), store.list("seals")
    (job.sources / "a.parquet").rename(job.sources.parent / "a.parquet")
    with pytest.raises(ValueError, match=NOTHING[nothing]):
        whole_run(store, job.corpus, *job.spaces)

    assert (newest_catalog(store), store.list("seals")) == (shown, seals)
    (job.sources.parent / "a.parquet").rename(job.sources / "a.parquet")
    assert account(newest_catalog(store), job.sources, job.spaces[0]).is_good


WRONG_COLUMNS = {
    "missing": (pa.table({"body": ["x"]}), "no column 'text'; it has [body: string]"),
    "case": (pa.table({"Text": ["x"]}), "no column 'text'; it has [Text: string]"),
    "doubled": (pa.table([pa.array(["x"]), pa.array(["y"])], ["text", "text"]),
                "2 columns named 'text'"),
    "mistyped": (pa.table({"text": [1]}), "column 'text' is int64, not text"),
}  # fmt: skip


def test_case_21_wrong_columns_are_refused_before_the_model_and_a_good_file_proceeds(
    small: SmallCorpus, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, (table, _) in WRONG_COLUMNS.items():
        pq.write_table(table, small.sources / f"{name}.parquet")
    with monkeypatch.context() as without_model:
        without_model.setattr(tasks.step, "job_encoder", lambda *_: pytest.fail("it was loaded"))
        with pytest.raises(ValueError, match=r"none of the 4 files") as error:
            small.embed()
    assert all(said in str(error.value) for _, said in WRONG_COLUMNS.values())
    assert not (small.store / "seals").exists()

    small.write("good.parquet", ["one"])
    assert not small.embed().is_complete
    assert small.ask(BY_FILE) == [("good.parquet", 1)]
    said = dict(small.ask("SELECT file, reason FROM unreadable_files"))
    assert all(words in said[f"{name}.parquet"] for name, (_, words) in WRONG_COLUMNS.items())


def test_case_36_a_file_is_unfinished_and_unseen_until_it_has_its_name(
    make_job: Callable[..., Job],
) -> None:
    job = make_job(rows=10)
    store, half = LocalStore(job.store), job.sources / "_half.parquet"
    hidden = ["_b.parquet", ".c.parquet", "_tmp/d.parquet", ".tmp/e.parquet"]
    for name in hidden:
        write_texts(job.sources / name, [f"text of {name}"])
    half.write_bytes(b"PAR1 and no more")

    whole_run(store, job.corpus, *job.spaces)
    assert ask(store, BY_FILE) == [("a.parquet", 8)]
    assert ask(store, "FROM unreadable_files") == []
    half.unlink()
    for path in [job.sources / name for name in hidden]:
        path.rename(job.sources / path.name.lstrip("_."))
    whole_run(store, job.corpus, *job.spaces)
    assert account(newest_catalog(store), job.sources, job.spaces[0]).is_good
    assert ask(store, "SELECT change, count(*) FROM corpus_changes GROUP BY ALL") == [("new", 4)]
