"""A store on S3 is looked after as one on a disk is: damage, garbage, purge."""

from pathlib import Path

import pytest

from data import OpenStore, StoreSpec, newest_catalog, open_store, run_query
from data.upkeep.garbage import clock_of, list_garbage, list_superseded
from data.upkeep.purging import purge
from data.upkeep.repairing import commands, make_owed
from data.upkeep.verifying import find_damage
from tests.commits import space
from tests.stores import corpus_of, embed, write_texts

MEAN = space("bert_mean")


@pytest.fixture
def texts(tmp_path: Path) -> Path:
    return write_texts(tmp_path / "texts" / "a.parquet", ["one", "two", "three"])


@pytest.fixture
def store(s3_url: str, texts: Path) -> OpenStore:
    store = open_store(StoreSpec(path=s3_url))
    embed(store, corpus_of(texts.parent), MEAN, chunk_rows=2)
    return store


def damage_of(store: OpenStore) -> list[str]:
    return [str(each) for each in find_damage(store, lambda _: None)]


def parts_of(store: OpenStore) -> list[str]:
    folder = f"datasets/{MEAN.name}/parts"
    return [f"{folder}/{name}" for name in store.list(folder)]


def test_a_part_that_is_gone_from_s3_is_named_and_owed_on_request(store: OpenStore) -> None:
    assert damage_of(store) == []
    gone = parts_of(store)[0]
    store.delete(gone)
    (said,) = damage_of(store)
    assert said.startswith(f"{gone}: it is gone (a.parquet rows")
    make_owed(store, find_damage(store, lambda _: None))
    assert commands(store) == [
        f"Run embed-corpus again over the corpus 'notes': 1 chunk is owed in {MEAN.name}."
    ]


def test_of_s3_only_what_is_old_and_unnamed_goes(store: OpenStore) -> None:
    named = parts_of(store)
    left = f"{named[0].rsplit('-', 1)[0]}-{'0' * 12}.parquet"
    store.create(left, b"half")
    assert list(list_garbage(store, clock_of(store, 24))) == []
    found = list(list_garbage(store, clock_of(store, -1)))
    assert [(each.place, each.size_bytes) for each in found] == [(left, 4)]
    found[0].remove()
    assert parts_of(store) == named


def test_after_a_purge_s3_and_this_machine_hold_what_is_shown_and_no_more(
    store: OpenStore, texts: Path
) -> None:
    write_texts(texts, ["one"])
    embed(store, corpus_of(texts.parent), MEAN, chunk_rows=2)
    assert list(list_superseded(store, clock_of(store, 24))) == []
    purge(store)
    assert len(parts_of(store)) == 1
    assert damage_of(store) == []
    catalog = newest_catalog(store)
    assert catalog is not None
    assert [path.name for path in catalog.parent.glob("*.duckdb")] == [catalog.name]
    assert store.list("catalog") == [catalog.name]
    assert run_query(catalog, "SELECT count(*) FROM bert_mean")[1] == [(1,)]
