"""Case 14: what was deleted or flipped after its commit is named, and done anew on request."""

from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest

from data import LocalStore, newest_catalog, newest_seal, read_record
from data.upkeep.damage import Damage
from data.upkeep.repairing import commands, make_owed
from data.upkeep.verifying import find_damage
from tests.faults.accounts import account
from tests.faults.runs import begin_run, do_chunks, end_run, whole_run
from tests.faults.work import Job
from tests.stores import files_below


@pytest.fixture
def job(make_job: Callable[..., Job]) -> Job:
    """Two chunks for two spaces, done and published."""
    job = make_job()
    whole_run(LocalStore(job.store), job.corpus, *job.spaces)
    return job


def damages_of(job: Job) -> list[Damage]:
    return list(find_damage(LocalStore(job.store), lambda _: None))


def remove(path: Path) -> None:
    path.unlink()


def flip(path: Path) -> None:
    """Turn one bit in the middle."""
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-7])


WRONG = {
    remove: "it is gone",
    flip: "its bytes are not those that were written",
    cut: "bytes that were written",
}


def test_case_14_a_whole_store_has_no_damage(job: Job) -> None:
    assert damages_of(job) == []


def test_case_14_the_weights_of_an_encoder_are_those_that_its_folder_is_named_by(job: Job) -> None:
    weights = b"eight bytes and more"
    folder = job.store / f"encoders/mine-{sha256(weights).hexdigest()[:8]}"
    folder.mkdir(parents=True)
    (job.store / "encoders/somebody-elses").mkdir()
    file = folder / "model.safetensors"
    file.write_bytes(weights)
    assert damages_of(job) == []
    flip(file)
    (flipped,) = damages_of(job)
    remove(file)
    (gone,) = damages_of(job)
    assert {flipped.place, gone.place} == {f"encoders/{folder.name}/model.safetensors"}
    assert (flipped.found, gone.found) == (WRONG[flip], WRONG[remove])


@pytest.mark.parametrize("wrong", WRONG, ids=lambda wrong: wrong.__name__)
def test_case_14_a_part_that_is_damaged_is_named_with_its_place(
    job: Job, wrong: Callable[[Path], None]
) -> None:
    part = sorted(job.store.glob(f"datasets/{job.spaces[0].name}/parts/*"))[0]
    wrong(part)
    (found,) = damages_of(job)
    assert found.place == part.relative_to(job.store).as_posix()
    assert WRONG[wrong] in found.found
    assert "a.parquet rows" in found.found


def test_case_14_every_kind_of_part_is_done_anew_on_request(job: Job) -> None:
    store = LocalStore(job.store)
    run = begin_run(store, job.corpus, *job.spaces)
    chunk = run.plan.chunks[0].name
    for dataset, kind in [
        (run.documents.name, "part"),
        (run.documents.name, "rejects"),
        (run.spaces[0].name, "part"),
    ]:
        part = getattr(read_record(store, dataset, chunk), kind)
        flip(job.store / part.key)
        found = damages_of(job)
        assert [each.place for each in found] == [part.key]

        make_owed(store, found)
        assert commands(store)[0].startswith("Run embed-corpus again over the corpus 'notes': 1 ch")
        assert len(run.owes(store)) == 1
        do_chunks(store, run)
        end_run(store, run)
    assert damages_of(job) == []
    assert all(account(newest_catalog(store), job.sources, each).is_good for each in job.spaces)


def test_case_14_repair_removes_the_record_of_what_is_damaged_and_nothing_else(job: Job) -> None:
    first = sorted(job.store.glob(f"datasets/{job.spaces[0].name}/parts/*"))[0]
    flip(first)
    before = {name for name in files_below(job.store) if not name.startswith("catalog")}
    make_owed(LocalStore(job.store), damages_of(job))
    after = {name for name in files_below(job.store) if not name.startswith("catalog")}
    chunk = first.name.split("-")[0]
    assert before - after == {f"datasets/{job.spaces[0].name}/commits/{chunk}.json"}
    assert after <= before
    (said,) = damages_of(job)
    assert "is owed" in said.found


def test_case_14_a_source_that_changed_silently_costs_its_vectors_too(job: Job) -> None:
    """Documents done anew have other texts than their vectors, which the next repair makes owed."""
    store = LocalStore(job.store)
    documents = sorted(job.store.glob("datasets/notes-*/commits/*"))[0]
    content = documents.read_text()
    documents.write_text(content.replace('"texts_digest": "', '"texts_digest": "0'))
    found = damages_of(job)
    assert {each.place.split("/")[1] for each in found} == {each.name for each in job.spaces}
    assert all("its texts are not those of the documents" in each.found for each in found)
    make_owed(store, found)
    documents.write_text(content)
    assert len(begin_run(store, job.corpus, *job.spaces).owes(store)) == 1


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("seals/1.json", "cannot be read"),
        ("plans/*.json", "cannot be read"),
        ("runs/*.json", "cannot be read"),
        ("fingerprints/*.json", "is not a copy of"),
        ("datasets/notes-*/lineage.json", "cannot be read"),
        ("datasets/notes-*/commits/*.json", "cut off"),
        ("catalog/*.duckdb", "cannot be read"),
    ],
)
def test_case_14_every_other_file_is_named_where_it_was_cut_off(
    job: Job, pattern: str, found: str
) -> None:
    path = sorted(job.store.glob(pattern))[0]
    path.write_bytes(path.read_bytes()[:20])
    said = {each.place: each.found for each in damages_of(job)}
    assert found in said[path.relative_to(job.store).as_posix()]


def test_case_14_a_seal_that_is_gone_is_named(job: Job) -> None:
    store = LocalStore(job.store)
    whole_run(store, job.corpus, job.spaces[0], name="again")
    seal = newest_seal(store)
    assert seal is not None
    store.create("seals/3.json", seal.model_dump_json().encode())
    assert "seals/2.json: it is gone" in str(damages_of(job)[0])
