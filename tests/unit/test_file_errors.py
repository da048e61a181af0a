"""What is called damage of a store's file, and what time or a right may cure."""

import errno
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa
import pytest

from data import LocalStore, read_record
from data.records.parts import DamagedPart, read_part_hashes, read_part_rows
from data.records.stored_chunks import read_labels
from data.stores.file_errors import is_damage
from data.stores.store import StoreUnreachable
from data.upkeep.verifying import find_damage
from tests.commits import space
from tests.stores import corpus_of, embed, files_below, tiny_store, write_texts

MEAN = space("bert_mean")
CURABLE = [
    StoreUnreachable("no answer"),
    PermissionError(errno.EACCES, "denied"),
    TimeoutError("late"),
    OSError(errno.EMFILE, "too many open files"),
]


class Answered(Exception):
    """An answer of S3, as botocore tells of it."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.response = {"ResponseMetadata": {"HTTPStatusCode": status}}


def caused(error: OSError, cause: Exception) -> OSError:
    """The error as if it were raised from its cause."""
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (FileNotFoundError(errno.ENOENT, "gone"), True),
        (pa.ArrowInvalid("magic bytes"), True),
        (OSError("crc checksum verification failed"), True),
        (OSError(errno.EIO, "a sector that cannot be read"), True),
        (pa.ArrowMemoryError("out of memory"), False),
        (caused(FileNotFoundError("no such key"), Answered(404)), True),
        (caused(FileNotFoundError("no such key"), KeyError("a")), True),
        (caused(FileNotFoundError("http://a"), TimeoutError()), False),
        (caused(FileNotFoundError("http://a"), Answered(503)), False),
        (caused(OSError(errno.EIO, "a gateway"), Answered(502)), False),
        (caused(OSError(errno.EIO, "a code of its own"), Answered(403)), False),
        (caused(OSError(errno.EINVAL, "an expired token"), Answered(400)), False),
        *((error, False) for error in CURABLE),
    ],
    ids=repr,
)
def test_damage_is_what_only_making_it_anew_can_cure(error: OSError, expected: bool) -> None:
    assert is_damage(error) is expected


@pytest.mark.parametrize("error", CURABLE, ids=repr)
def test_a_part_that_cannot_be_read_now_is_not_called_damaged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: OSError
) -> None:
    write_texts(tmp_path / "texts" / "a.parquet", ["one", "two"])
    store = tiny_store(tmp_path / "store")
    (chunk,) = embed(store, corpus_of(tmp_path / "texts"), MEAN).chunks
    part = read_record(store, MEAN.name, chunk.name).part
    assert part is not None
    key, before, read = part.key, files_below(store.root), LocalStore.read

    def fail(self: LocalStore, asked: str) -> BinaryIO:
        if asked == key:
            raise error
        return read(self, asked)

    monkeypatch.setattr(LocalStore, "read", fail)
    for ask in (
        lambda: read_part_hashes(store, key),
        lambda: read_part_rows(store, key, [0]),
        lambda: read_labels(store, MEAN.name, chunk.name),
        lambda: list(find_damage(store, lambda _: None)),
    ):
        with pytest.raises(type(error)) as raised:
            ask()
        assert not isinstance(raised.value, DamagedPart)
    assert files_below(store.root) == before
