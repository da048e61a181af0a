"""What every store does, on a disk and on S3: one winner, nothing half-written."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from data import OpenStore, StoreError, StoreSpec, open_existing_store, open_store
from data.stores.store import STORE_FOLDERS, read_bytes


@pytest.fixture(params=["disk", "s3"])
def store(request: pytest.FixtureRequest) -> OpenStore:
    path = {"disk": lambda: str(request.getfixturevalue("tmp_path") / "store"),
            "s3": lambda: request.getfixturevalue("s3_url")}[request.param]()  # fmt: skip
    return open_store(StoreSpec(path=path))


def names_in(store: OpenStore) -> set[str]:
    return {f"{folder}/{name}" for folder in STORE_FOLDERS for name in store.list(folder)}


def test_of_many_creators_one_wins_and_its_content_stays(store: OpenStore) -> None:
    contents = [f"writer {n}".encode() * 1_000 for n in range(16)]
    with ThreadPoolExecutor(16) as pool:
        for round_number in range(10):
            key = f"seals/{round_number}.json"
            won = list(pool.map(lambda content, key=key: store.create(key, content), contents))
            assert won.count(True) == 1
            assert read_bytes(store, key) == contents[won.index(True)]
    assert names_in(store) == {f"seals/{n}.json" for n in range(10)}


def test_of_two_creators_of_equal_content_one_wins(store: OpenStore) -> None:
    assert store.create("seals/1.json", b"{}")
    assert not store.create("seals/1.json", b"{}")


@pytest.mark.parametrize("size", [0, 4, 70_000, 20_000_000])
def test_what_is_written_is_read_and_seen_when_it_is_whole(store: OpenStore, size: int) -> None:
    content = (bytes(range(256)) * (size // 256) + b"end!")[:size]
    with store.write("models/a") as file:
        for start in range(0, len(content), 1_000_000):
            file.write(content[start : start + 1_000_000])
    with store.read("models/a") as file:
        assert file.read() == content
        file.seek(size // 2)
        assert file.read() == content[size // 2 :]
    assert store.list("models") == ["a"]


@pytest.mark.parametrize("size", [4, 20_000_000])
def test_a_failed_write_leaves_nothing(store: OpenStore, size: int) -> None:
    def write_half() -> None:
        with store.write("models/a.parquet") as file:
            file.write(b"half" * (size // 4))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_half()
    assert names_in(store) == set()
    with pytest.raises(FileNotFoundError):
        store.read("models/a.parquet")


@pytest.mark.parametrize("size", [6, 20_000_000])
def test_a_part_is_never_written_over(store: OpenStore, size: int) -> None:
    with store.write("models/a.parquet") as file:
        file.write(b"first")
    with pytest.raises(FileExistsError), store.write("models/a.parquet") as file:
        file.write(b"x" * size)
    assert read_bytes(store, "models/a.parquet") == b"first"


@pytest.mark.parametrize("key", ["../x", "a/../../x", "/etc/passwd", "", ".", "a/.."])
def test_a_key_cannot_climb_out(store: OpenStore, key: str) -> None:
    for verb in (store.location, store.read, store.delete, lambda key: store.create(key, b"")):
        with pytest.raises(StoreError, match="points outside the store"):
            verb(key)


def test_names_are_listed_sorted_without_unfinished_ones(store: OpenStore) -> None:
    for name in ("b", "a", ".a.123", "folder/c"):
        store.create(f"models/{name}", b"")
    assert store.list("models") == ["a", "b", "folder"]
    assert store.list("models/folder") == ["c"]
    assert store.list("mod") == store.list("nowhere") == []


def test_a_name_is_there_once_it_is_made_and_gone_once_it_is_deleted(store: OpenStore) -> None:
    assert store.list("seals") == []
    store.create("seals/1.json", b"x")
    assert store.list("seals") == ["1.json"]
    store.delete("seals/1.json")
    assert store.list("seals") == []
    with pytest.raises(FileNotFoundError):
        store.read("seals/1.json")
    assert store.create("seals/1.json", b"y")


def test_deleting_what_is_gone_is_no_error(store: OpenStore) -> None:
    store.delete("nothing/here")


def test_a_store_is_opened_again_where_it_is(store: OpenStore) -> None:
    assert open_existing_store(str(store.root)).root == store.root
    assert open_store(StoreSpec(path=str(store.root))).location("a") == store.location("a")


def test_another_format_version_is_refused(store: OpenStore) -> None:
    store.delete("store.json")
    store.create("store.json", b'{"format": 99}')
    with pytest.raises(StoreError, match="has format 99; this Poolhouse reads 1"):
        open_existing_store(str(store.root))
