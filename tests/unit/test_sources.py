"""Source files elsewhere than on a disk: what is their fault, and what they are known by."""

import errno
import io
from pathlib import Path
from typing import Any, NoReturn

import fsspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from data import ChunkFailure, Plan, make_plan, read_chunks
from data.sources.parquet_file import UnreadableSource
from data.sources.source_file import identify_file
from tests.stores import corpus_of, write_texts


class NetworkError(OSError):
    """As requests has them: a library's own, without a number."""


class Broken(io.BytesIO):
    """A file whose bytes do not arrive."""

    error: Exception

    def read(self, *_: Any) -> NoReturn:
        raise self.error


@pytest.fixture(name="remote")
def _remote() -> Plan:
    """A plan of one file in memory, where a file is read as from a bucket."""
    memory = fsspec.filesystem("memory")
    memory.store.clear()
    with memory.open("notes/a.parquet", "wb") as file:
        pq.write_table(pa.table({"text": ["one"]}), file)
    return make_plan(corpus_of("memory://notes"), chunk_rows=100, chunk_bytes=1 << 20)


@pytest.mark.parametrize(
    "error",
    [
        TimeoutError("no answer for 60 s"),
        ConnectionResetError(errno.ECONNRESET, "reset by peer"),
        OSError(errno.EIO, "Input/output error"),
        NetworkError("502"),
    ],
    ids=repr,
)
@pytest.mark.parametrize("place", ["open", "read"])
def test_a_disk_or_network_that_fails_takes_no_file_out_of_the_corpus(
    remote: Plan, monkeypatch: pytest.MonkeyPatch, error: Exception, place: str
) -> None:
    def open_broken(*_: Any, **__: Any) -> io.BytesIO:
        if place == "open":
            raise error
        file = Broken(b"PAR1" * 100)
        file.error = error
        return file

    monkeypatch.setattr(fsspec.filesystem("memory"), "open", open_broken)
    with pytest.raises(type(error)):
        make_plan(remote.corpus, chunk_rows=100, chunk_bytes=1 << 20)
    with pytest.raises(type(error)):
        list(read_chunks(remote, remote.chunks))


def test_a_bucket_that_denies_a_file_makes_it_unreadable(
    remote: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    def deny(*_: Any, **__: Any) -> NoReturn:
        raise PermissionError(errno.EACCES, "denied")

    monkeypatch.setattr(fsspec.filesystem("memory"), "open", deny)
    (failure,) = read_chunks(remote, remote.chunks)
    assert isinstance(failure, ChunkFailure)
    assert failure.is_unreadable
    assert "you may not read it" in failure.reason


def test_a_link_to_itself_is_unreadable_and_the_others_are_planned(tmp_path: Path) -> None:
    (tmp_path / "loop.parquet").symlink_to(tmp_path / "loop.parquet")
    write_texts(tmp_path / "good.parquet", ["one"])
    assert [
        file.path
        for file in make_plan(corpus_of(tmp_path), chunk_rows=9, chunk_bytes=99).unreadable
    ] == ["loop.parquet"]


@pytest.mark.parametrize(
    ("told", "modified"),
    [
        ({"size": 9, "blob_id": "b1", "last_commit": None}, "b1"),
        ({"size": 9, "Last-Modified": "Sat, 21 Nov 2026"}, "Sat, 21 Nov 2026"),
        ({"size": 9, "Content-MD5": "m1", "mtime": 3.5}, "m1"),
        ({"size": 9, "etag": "", "mtime": 3.5}, "3.5"),
    ],
)
def test_a_file_is_known_by_what_its_file_system_tells(
    remote: Plan, monkeypatch: pytest.MonkeyPatch, told: dict[str, Any], modified: str
) -> None:
    memory = fsspec.filesystem("memory")
    monkeypatch.setattr(memory, "info", lambda _: told)
    assert identify_file(memory, "/notes/a.parquet").modified == modified


@pytest.mark.parametrize(
    ("told", "missing"),
    [({"size": 9, "etag": None}, "version, checksum or time"), ({"etag": "x"}, "size")],
)
def test_a_file_that_could_change_unnoticed_is_unreadable(
    remote: Plan, monkeypatch: pytest.MonkeyPatch, told: dict[str, Any], missing: str
) -> None:
    memory = fsspec.filesystem("memory")
    monkeypatch.setattr(memory, "info", lambda _: told)
    with pytest.raises(UnreadableSource, match=rf"memory:// tells no {missing} of it"):
        identify_file(memory, "/notes/a.parquet")
