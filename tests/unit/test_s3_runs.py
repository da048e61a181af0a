"""Whole runs over a store on S3, with a model: embed, resume, publish, ask, search."""

import shutil
from pathlib import Path
from typing import Any

import pytest

from data import newest_catalog, open_existing_store, publish_catalog, run_query, store_at
from data.stores.store import workspace_of
from flows.search import search
from tests.small_corpus import CLS, MEAN, SmallCorpus

TEXTS = [f"text number {n}" for n in range(50)]


@pytest.fixture
def remote(small: SmallCorpus, s3_url: str) -> SmallCorpus:
    """A corpus of 50 texts on a disk, whose store is on S3."""
    small.store = s3_url
    small.write("a.parquet", TEXTS)
    return small


def ask(corpus: SmallCorpus, query: str) -> list[tuple[Any, ...]]:
    catalog = newest_catalog(store_at(corpus.store))
    assert catalog is not None
    return run_query(catalog, query)[1]


def test_a_run_is_published_and_a_second_one_encodes_nothing(remote: SmallCorpus) -> None:
    first = remote.embed()
    assert (first.is_complete, first.encoded) == (True, 50)
    assert ask(remote, "SELECT count(*), min(len(vector)) FROM splade_tiny_mean") == [(50, 128)]

    second = remote.embed()
    assert (second.encoded, remote.num_forwarded) == (0, 0)


def test_vectors_of_moved_texts_and_other_poolings_are_taken_from_s3(remote: SmallCorpus) -> None:
    remote.embed()
    (remote.sources / "a.parquet").unlink()
    remote.write("b.parquet", [*TEXTS[10:], "a new text"])
    moved = remote.embed()
    assert (moved.reused, moved.encoded) == (40, 1)
    both = remote.embed(poolings=(MEAN, CLS))
    assert both.is_complete
    assert ask(remote, "SELECT count(*) FROM splade_tiny_cls") == [(41,)]


def test_what_was_committed_before_a_run_ended_early_is_not_done_again(
    remote: SmallCorpus,
) -> None:
    work = remote.plan()
    remote.step(work.model_copy(update={"chunks": work.chunks[:1]}))
    assert remote.num_forwarded == 17
    remote.embed()
    assert remote.num_forwarded == 33


def test_a_search_finds_the_text_itself(remote: SmallCorpus) -> None:
    remote.embed(corpus={"carry_columns": ("text",)})
    (nearest,) = search(remote.store, TEXTS[7], top=1).iter_rows(named=True)
    assert nearest["text"] == TEXTS[7]
    assert nearest["similarity"] == pytest.approx(1.0, abs=1e-5)


def test_the_summary_says_where_the_catalog_is_on_this_machine(remote: SmallCorpus) -> None:
    summary = remote.embed()
    link = Path(summary.catalog)
    assert link == workspace_of(remote.store) / "catalog.duckdb"
    assert link.resolve() == newest_catalog(store_at(remote.store))


def test_a_machine_that_saw_nothing_yet_reads_the_newest_catalog(remote: SmallCorpus) -> None:
    remote.embed()
    shutil.rmtree(workspace_of(remote.store))
    assert ask(remote, "SELECT count(*) FROM documents") == [(50,)]
    for _ in range(4):
        publish_catalog(open_existing_store(remote.store))
    store = store_at(remote.store)
    assert len(store.list("catalog")) == 3
    shown = newest_catalog(store)
    assert shown is not None
    assert shown.name == store.list("catalog")[-1]


def test_key_and_secret_are_nowhere_in_the_store(remote: SmallCorpus) -> None:
    remote.embed()
    files = store_at(remote.store).filesystem
    keys = files.find(remote.store)
    assert len(keys) > 5
    assert not any(b"not-a-secret" in files.cat_file(key) for key in keys)
