"""What S3 can answer: conflicts, nothing at all, or that a PUT which won had lost."""

from collections.abc import Callable
from typing import Any

import pytest
from pydantic import ValidationError

from data import OpenStore, StoreError, StoreSpec, open_existing_store, open_store, store_at
from data.stores.s3_store import S3Store
from data.stores.store import StoreNotWritable, StoreUnreachable, read_bytes, workspace_of


@pytest.fixture
def store(s3_url: str) -> OpenStore:
    return open_store(StoreSpec(path=s3_url))


class Unruly:
    """A file system of which some calls raise, before their work or after it."""

    def __init__(self, real: Any, raises: Callable[[str, dict[str, Any]], None]) -> None:
        self._real, self._raises = real, raises

    def call_s3(self, method: str, **given: Any) -> Any:
        answer = self._real.call_s3(method, **given)
        self._raises(method, given)
        return answer

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)


def lose(*methods: str) -> Callable[[str, dict[str, Any]], None]:
    """The answers of these methods."""

    def raises(method: str, _: dict[str, Any]) -> None:
        if method in methods:
            raise TimeoutError("no answer")

    return raises


def test_a_put_that_was_sent_again_and_met_itself_has_won(store: OpenStore) -> None:
    assert store.create("seals/answer-is-lost", b"mine")
    assert not store.create("seals/answer-is-lost", b"mine")
    assert read_bytes(store, "seals/answer-is-lost") == b"mine"


def test_a_small_file_that_was_sent_again_is_written(store: OpenStore) -> None:
    with store.write("models/answer-is-lost") as file:
        file.write(b"mine")
    assert read_bytes(store, "models/answer-is-lost") == b"mine"


def test_a_conflict_is_tried_again(store: OpenStore) -> None:
    assert store.create("seals/conflict-first", b"mine")
    assert read_bytes(store, "seals/conflict-first") == b"mine"


def test_a_server_whose_puts_overwrite_is_refused_by_name(s3_url: str) -> None:
    with pytest.raises(StoreNotWritable, match=r"server of s3://.* lacks If-None-Match"):
        open_store(StoreSpec(path=f"{s3_url}/lets-overwrite"))


def test_after_no_answer_the_object_is_asked_who_made_it(store: OpenStore) -> None:
    store.filesystem = Unruly(store.filesystem, lose("put_object", "complete_multipart_upload"))
    assert store.create("seals/1.json", b"mine")
    assert not store.create("seals/1.json", b"mine")
    with store.write("models/a") as file:
        file.write(b"x" * 20_000_000)
    with pytest.raises(FileExistsError), store.write("models/a") as file:
        file.write(b"y")
    assert store.list("models") == ["a"]


def test_where_nothing_answers_the_first_trouble_is_said_and_nothing_is_deleted(
    store: OpenStore,
) -> None:
    real = store.filesystem
    store.filesystem = Unruly(real, lose("put_object", "head_object"))
    with pytest.raises(TimeoutError, match="no answer"):
        store.create("seals/1.json", b"mine")
    store.filesystem = real
    assert read_bytes(store, "seals/1.json") == b"mine"


def test_a_failed_upload_leaves_no_pieces(store: OpenStore) -> None:
    sent = []
    store.filesystem = Unruly(store.filesystem, lambda method, _: sent.append(method))

    def write_half() -> None:
        with store.write("models/a") as file:
            file.write(b"x" * 20_000_000)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_half()
    assert sent == [
        "create_multipart_upload", "upload_part", "upload_part", "abort_multipart_upload"
    ]  # fmt: skip


def test_what_goes_wrong_with_other_files_is_not_blamed_on_the_store(store: OpenStore) -> None:
    with pytest.raises(PermissionError), store.write("models/a"):
        raise PermissionError("a model's weights")
    assert store.list("models") == []


@pytest.mark.parametrize("bucket", ["no-bucket", "NO", "no_bucket!"])
def test_a_bucket_that_is_not_there_is_named(s3_url: str, bucket: str) -> None:
    missing = s3_url.replace("bucket", bucket, 1)
    for door in (lambda: open_store(StoreSpec(path=missing)), lambda: open_existing_store(missing)):
        with pytest.raises(StoreError, match=rf"{missing} has no bucket"):
            door()


def test_a_server_that_goes_away_in_the_middle_of_a_file_is_an_error_of_the_network(
    store: OpenStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    from botocore.exceptions import ReadTimeoutError  # noqa: PLC0415
    from s3fs.core import S3File  # noqa: PLC0415

    def no_answer(*_: Any, **__: Any) -> None:
        raise ReadTimeoutError(endpoint_url="http://nowhere")

    store.create("large", bytes(100_000))
    monkeypatch.setattr(S3File, "_fetch_range", no_answer)
    with (
        store.read("large") as file,
        pytest.raises(StoreUnreachable, match=r"does not answer.*nowhere"),
    ):
        file.read()


def test_a_store_that_does_not_answer_is_not_called_one_that_cannot_commit(
    s3_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_server(*_: Any, **__: Any) -> None:
        raise StoreUnreachable("no answer")

    monkeypatch.setattr(S3Store, "create", no_server)
    with pytest.raises(StoreUnreachable):
        open_store(StoreSpec(path=s3_url))


def test_a_server_that_is_not_there_is_an_error_of_the_network(
    s3_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = store_at(s3_url)

    def no_server(*_: Any, **__: Any) -> None:
        from botocore.exceptions import EndpointConnectionError  # noqa: PLC0415

        raise EndpointConnectionError(endpoint_url="http://nowhere")

    monkeypatch.setattr(type(store.filesystem), "call_s3", no_server)
    with pytest.raises(StoreUnreachable, match=r"does not answer.*nowhere"):
        store.create("a", b"x")


@pytest.mark.parametrize("given", ["s3://", "s3:///"])
def test_a_path_without_a_bucket_is_refused(given: str) -> None:
    with pytest.raises(ValidationError, match="Give s3://bucket/prefix"):
        StoreSpec(path=given)


def test_a_store_on_s3_is_refused_without_s3fs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(ValidationError, match=r"needs s3fs.*\[s3\]"):
        StoreSpec(path="s3://bucket/store")


def test_each_place_has_a_workspace_of_its_own() -> None:
    paths = ["s3://a/b", "s3://a/b/c", "s3://a-b", "s3://A/b"]
    assert len({workspace_of(path) for path in paths}) == len(paths)
    assert workspace_of("s3://a/b/") == workspace_of("s3://a/b")
    assert str(workspace_of("s3://a/b")).startswith(".poolhouse/a-b-")
