"""A store on S3 is looked after as one on a disk is: damage, garbage, purge."""

from hashlib import file_digest
from pathlib import Path
from typing import Any

import pytest

from data import (
    ChunkFailure,
    OpenStore,
    Plan,
    StoreSpec,
    make_plan,
    newest_catalog,
    open_store,
    read_chunks,
    run_query,
)
from data.records.parts import read_part_hashes
from data.stores.s3_filesystem import s3_filesystem
from data.stores.store import StoreNotWritable, StoreUnreachable
from data.upkeep.garbage import clock_of, list_garbage, list_superseded
from data.upkeep.purging import purge
from data.upkeep.repairing import commands, make_owed
from data.upkeep.verifying import find_damage
from tests.commits import space
from tests.stores import corpus_of, embed, write_texts

MEAN = space("bert_mean")
CURABLE = [
    (502, "502"),  # a gateway's
    (503, "XMinioServerNotInitialized"),
    (400, "400"),  # what a HEAD with a token that has expired is answered
    (400, "TokenRefreshRequired"),
    (400, "InvalidToken"),
]


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


def answer(monkeypatch: pytest.MonkeyPatch, below: str, status: int, code: str) -> None:
    """Let S3 answer so whatever is asked of keys that have this in their name."""
    from botocore.exceptions import ClientError  # noqa: PLC0415
    from s3fs import S3FileSystem  # noqa: PLC0415
    from s3fs.errors import translate_boto_error  # noqa: PLC0415

    call = S3FileSystem._call_s3
    said = {"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}

    async def refuse(self: Any, method: str, *given: Any, **more: Any) -> Any:
        if below in more.get("Key", ""):
            raise translate_boto_error(ClientError(said, method))
        return await call(self, method, *given, **more)

    monkeypatch.setattr(S3FileSystem, "_call_s3", refuse)


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


@pytest.mark.parametrize(("status", "code"), CURABLE)
def test_an_answer_that_time_may_cure_is_no_damage_and_costs_no_record(
    store: OpenStore, monkeypatch: pytest.MonkeyPatch, status: int, code: str
) -> None:
    part = parts_of(store)[0]
    records = store.list(f"datasets/{MEAN.name}/commits")
    answer(monkeypatch, "/parts/", status, code)
    with pytest.raises(StoreUnreachable, match=rf"does not answer \(HTTP {status}: "):
        make_owed(store, find_damage(store, lambda _: None))
    with pytest.raises(StoreUnreachable):
        read_part_hashes(store, part)
    assert store.list(f"datasets/{MEAN.name}/commits") == records


def test_a_gateway_that_fails_while_a_file_is_hashed_has_the_words_of_the_store(
    store: OpenStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.create("large", bytes(100_000))
    with store.read("large") as file:
        answer(monkeypatch, "large", 502, "502")
        with pytest.raises(StoreUnreachable, match="HTTP 502"):
            file_digest(file, "sha256")


def test_a_file_of_a_store_that_is_denied_is_no_damage(
    store: OpenStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer(monkeypatch, "/parts/", 403, "403")
    with pytest.raises(StoreNotWritable, match="cannot be used"):
        damage_of(store)


@pytest.fixture
def planned(s3_url: str, texts: Path) -> Plan:
    """A corpus of one file on S3."""
    s3_filesystem().pipe_file(f"{s3_url}-texts/a.parquet", texts.read_bytes())
    return make_plan(corpus_of(f"{s3_url}-texts"), chunk_rows=100, chunk_bytes=1 << 20)


@pytest.mark.parametrize(("status", "code"), [*CURABLE, (400, "ExpiredToken")])
def test_an_answer_that_time_may_cure_takes_no_source_out_of_its_corpus(
    planned: Plan, monkeypatch: pytest.MonkeyPatch, status: int, code: str
) -> None:
    answer(monkeypatch, "a.parquet", status, code)
    with pytest.raises(ConnectionError, match="cannot be read now"):
        list(read_chunks(planned, planned.chunks))
    with pytest.raises(ConnectionError, match="cannot be read now"):
        make_plan(planned.corpus, chunk_rows=100, chunk_bytes=1 << 20)


@pytest.mark.parametrize(
    ("status", "code", "said"),
    [(403, "403", "you may not read it"), (404, "404", "it is gone")],
)
def test_a_source_on_s3_that_is_gone_or_denied_fails_its_chunks(
    planned: Plan, monkeypatch: pytest.MonkeyPatch, status: int, code: str, said: str
) -> None:
    answer(monkeypatch, "a.parquet", status, code)
    (failure,) = read_chunks(planned, planned.chunks)
    assert isinstance(failure, ChunkFailure)
    assert failure.reason.endswith(said)
