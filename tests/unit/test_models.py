"""Fitted things in a store: named by their content, proved when read, mended when saved again."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from data import DamagedModel, LocalStore, StoreError, StoreSpec, load_model, open_store, save_model

ABOUT = {"kind": "token_counts", "documents": 3}


@pytest.fixture
def store(tmp_path: Path) -> LocalStore:
    return open_store(StoreSpec(path=str(tmp_path / "store")))


def folder(store: LocalStore, name: str) -> Path:
    return store.root / "models" / name


def test_what_was_saved_is_read_by_name_and_by_fingerprint(store: LocalStore) -> None:
    name = save_model(store, "Token counts: News", ABOUT, b"tensors")

    found = load_model(store, name)

    assert name.startswith("token_counts_news-")
    assert (found.name, found.about, found.tensors) == (name, ABOUT, b"tensors")
    assert load_model(store, found.fingerprint) == found
    assert found.fingerprint[:8] == name[-8:]
    assert {path.name for path in folder(store, name).iterdir()} == {
        "tensors.safetensors",
        "about.json",
    }


def test_the_same_content_has_one_name_and_other_content_another(store: LocalStore) -> None:
    name = save_model(store, "counts", ABOUT, b"tensors")

    assert save_model(store, "counts", dict(reversed(ABOUT.items())), b"tensors") == name
    assert save_model(store, "counts", ABOUT, b"others") != name
    assert save_model(store, "counts", ABOUT | {"documents": 4}, b"tensors") != name


def test_saved_by_many_at_once_it_is_whole(store: LocalStore) -> None:
    with ThreadPoolExecutor(8) as threads:
        names = set(
            threads.map(lambda _: save_model(store, "counts", ABOUT, b"x" * 10_000), range(40))
        )

    assert load_model(store, *names).tensors == b"x" * 10_000


def test_an_unknown_name_lists_the_known_ones(store: LocalStore) -> None:
    name = save_model(store, "counts", ABOUT, b"tensors")

    with pytest.raises(ValueError, match=rf"no model 'other' .* found \['{name}'\]\. Name one"):
        load_model(store, "other")
    with pytest.raises(ValueError, match="no model"):
        load_model(store, "0" * 64)


def test_an_empty_store_says_that_it_has_none(store: LocalStore) -> None:
    with pytest.raises(ValueError, match=r"nothing has been fitted in this store\. Fit it, or"):
        load_model(store, "counts-12345678")


@pytest.mark.parametrize("file", ["tensors.safetensors", "about.json"])
@pytest.mark.parametrize("content", [b"", b"{}", b"tensorz", b'{"about":{},"tensors":""}', None])
def test_a_damaged_file_is_refused_by_name_until_it_is_saved_again(
    store: LocalStore, file: str, content: bytes | None
) -> None:
    name = save_model(store, "counts", ABOUT, b"tensors")
    fingerprint = load_model(store, name).fingerprint
    path = folder(store, name) / file
    path.unlink()
    if content is not None:
        path.write_bytes(content)

    for called in (name, fingerprint):
        with pytest.raises(DamagedModel, match=f"models/{name}.*Fit it again"):
            load_model(store, called)

    assert save_model(store, "counts", ABOUT, b"tensors") == name
    assert load_model(store, name).tensors == b"tensors"


def test_files_of_another_model_under_this_name_are_refused(store: LocalStore) -> None:
    name, other = (save_model(store, "counts", ABOUT, content) for content in (b"one", b"two"))
    for file in folder(store, other).iterdir():
        (folder(store, name) / file.name).write_bytes(file.read_bytes())

    with pytest.raises(DamagedModel, match=name):
        load_model(store, name)


def test_a_name_never_leads_out_of_the_models(store: LocalStore) -> None:
    with pytest.raises((ValueError, StoreError)):
        load_model(store, "../plans")


def test_a_damaged_model_is_a_trouble_of_the_store() -> None:
    assert issubclass(DamagedModel, StoreError)
