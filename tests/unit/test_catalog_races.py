"""Publishers of different speed: a catalog never gives way to one that shows less."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

import data.catalog.publishing
from data import LocalStore, RunRecord, newest_catalog, publish_catalog, save_run
from tests.stores import ask, corpus_of, embed, files_below, tiny_store, write_texts

SHOWN = "SELECT (SELECT count(*) FROM documents), (SELECT count(*) FROM runs)"
MOMENT = datetime(2026, 11, 21, 10, tzinfo=UTC)


@pytest.fixture
def store(tmp_path: Path) -> LocalStore:
    return tiny_store(tmp_path / "store")


def embed_more(store: LocalStore, texts: Path) -> None:
    """A higher seal, published."""
    write_texts(texts / "b.parquet", ["three"])
    embed(store, corpus_of(texts))


def end_a_run(store: LocalStore, _: Path) -> None:
    """One more run over the same seal, published."""
    run = RunRecord(
        run="r", state="completed", corpus="notes", plan="p", spaces=(),
        started_at=MOMENT, ended_at=MOMENT, asked={},
    )  # fmt: skip
    save_run(store, run)
    publish_catalog(store)


@pytest.mark.parametrize(("overtake", "shown"), [(embed_more, (3, 0)), (end_a_run, (2, 1))])
def test_a_slow_publisher_never_puts_an_older_catalog_in_place(
    store: LocalStore,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    overtake: Callable[[LocalStore, Path], None],
    shown: tuple[int, int],
) -> None:
    texts = write_texts(tmp_path / "texts" / "a.parquet", ["one", "two"]).parent
    embed(store, corpus_of(texts))
    build, swap = data.catalog.publishing._build, data.catalog.publishing._swap
    published = []

    def build_slowly(*given: Any) -> Path:
        path = build(*given)
        monkeypatch.setattr(data.catalog.publishing, "_build", build)
        overtake(store, texts)
        return path

    def swap_and_look(*given: Any) -> None:
        swap(*given)
        published.extend(ask(store, SHOWN))

    monkeypatch.setattr(data.catalog.publishing, "_build", build_slowly)
    monkeypatch.setattr(data.catalog.publishing, "_swap", swap_and_look)
    publish_catalog(store)
    assert published == [shown, shown]
    assert all(name.endswith(".duckdb") for name in files_below(store.root / "catalog"))


def test_a_catalog_of_a_seal_that_was_taken_back_is_replaced(
    store: LocalStore, tmp_path: Path
) -> None:
    texts = write_texts(tmp_path / "texts" / "a.parquet", ["one", "two"]).parent
    embed(store, corpus_of(texts))
    embed_more(store, texts)
    store.delete("seals/2.json")
    publish_catalog(store)
    assert ask(store, SHOWN) == [(2, 0)]
    assert newest_catalog(store) is not None
