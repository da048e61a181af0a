"""The same text twice: encoded once, and every document still has its row and its vector."""

from typing import Any

import pytest

import data.reuse.known_vectors
import data.reuse.search
import tasks.assembly
from pooling import PoolingSpec

MEAN, CLS = PoolingSpec(strategy="mean"), PoolingSpec(strategy="cls")
TEXTS = [f"a short story about {n} mice" for n in range(8)]
WITHOUT_VECTOR = """
    SELECT count(*) FROM documents ANTI JOIN splade_tiny_mean USING (chunk, row, text_hash)
"""
UNLIKE = """
    SELECT count(*) FROM (
        SELECT text_hash FROM splade_tiny_mean GROUP BY text_hash
        HAVING count(DISTINCT vector::FLOAT[]) > 1)
"""


def test_duplicates_inside_a_chunk_are_encoded_once(small: Any) -> None:
    small.write("a.parquet", [*TEXTS, *TEXTS, TEXTS[0]])

    summary = small.embed()

    assert small.num_forwarded == summary.encoded == 8
    assert summary.duplicates == 9
    assert small.ask("SELECT count(*) FROM documents") == [(17,)]
    assert small.ask(WITHOUT_VECTOR) == small.ask(UNLIKE) == [(0,)]


def test_a_document_says_which_row_it_repeats(small: Any) -> None:
    small.write("a.parquet", ["one", "two", "one", "two", "one"])
    small.embed()

    assert small.ask('SELECT duplicate_of FROM documents ORDER BY "row"') == [
        (None,),
        (None,),
        (0,),
        (1,),
        (0,),
    ]


def test_duplicates_across_groups_are_encoded_once(
    small: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tasks.assembly, "GROUP_ROWS", 3)
    small.write("a.parquet", [*TEXTS, *TEXTS[::-1]])

    small.embed(poolings=(MEAN, CLS))

    assert small.num_forwarded == 8
    assert small.ask(WITHOUT_VECTOR) == small.ask(UNLIKE) == [(0,)]


def test_duplicates_of_a_sealed_text_are_not_encoded(
    small: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tasks.assembly, "GROUP_ROWS", 3)
    small.write("a.parquet", TEXTS)
    small.embed()
    small.write("b.parquet", ["something new", *TEXTS[2:5], "something new", *TEXTS[2:5], TEXTS[7]])

    summary = small.embed()

    assert small.num_forwarded == 1
    assert (summary.encoded, summary.reused, summary.duplicates) == (1, 4, 4)
    assert small.ask("SELECT count(*) FROM documents") == [(17,)]
    assert small.ask(WITHOUT_VECTOR) == small.ask(UNLIKE) == [(0,)]


def test_what_only_one_of_two_spaces_knows_is_encoded_for_both(small: Any) -> None:
    small.write("a.parquet", TEXTS)
    small.embed(poolings=(MEAN,))
    small.write("b.parquet", TEXTS[:5])

    small.embed(poolings=(MEAN, CLS))

    assert small.num_forwarded == 8  # the first chunk owes cls alone; the other finds both
    assert small.ask("SELECT vectors FROM spaces") == [(13,), (13,)]


def test_tokens_and_truncation_come_along_with_a_reused_vector(small: Any) -> None:
    spec = small.encoder.model_copy(update={"max_tokens": 6})
    small.write("a.parquet", ["one", "one two three four five"])
    small.embed(encoder=spec)
    small.write("b.parquet", ["one two three four five", "one"])
    small.embed(encoder=spec)

    assert small.num_forwarded == 0
    found = small.ask("""
        SELECT s.n_tokens, s.truncated
        FROM splade_tiny_mean_max6 s
        JOIN documents d USING (chunk, row)
        ORDER BY d.file, d.row
    """)
    assert found == [(3, False), (7, True), (7, True), (3, False)]  # [CLS] and [SEP] count


def test_duplicates_across_chunks_of_a_first_run_are_encoded_once(small: Any) -> None:
    small.write("a.parquet", [*TEXTS, "something new", *TEXTS[::-1]])

    summary = small.embed(poolings=(MEAN, CLS), chunk_rows=4)

    assert small.num_forwarded == 9
    assert (summary.encoded, summary.reused, summary.duplicates) == (9, 8, 0)
    assert small.ask(WITHOUT_VECTOR) == small.ask(UNLIKE) == [(0,)]


def test_what_another_task_has_committed_is_not_encoded_again(small: Any) -> None:
    small.write("a.parquet", [*TEXTS, *TEXTS])
    work = small.plan(chunk_rows=4)
    for names, forwarded in ((work.chunks[:2], 8), (work.chunks[2:], 0)):
        small.step(work.model_copy(update={"chunks": names}))
        assert small.num_forwarded == forwarded


def test_a_chunk_is_read_back_only_where_another_one_looks_for_its_texts(
    small: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    read, real = [], data.reuse.known_vectors.read_part_hashes
    monkeypatch.setattr(
        data.reuse.known_vectors,
        "read_part_hashes",
        lambda store, key: read.append(key) or real(store, key),
    )
    small.write("a.parquet", [*TEXTS, *TEXTS])
    work = small.plan(chunk_rows=4)

    for names, num_read in ((work.chunks[:1], 0), (work.chunks[1:3], 2)):
        read.clear()
        small.step(work.model_copy(update={"chunks": names}))
        assert len(read) == num_read


def test_only_so_many_rows_of_a_run_are_looked_through(
    small: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(data.reuse.search, "LEARNT_ROWS", 5)
    small.write("a.parquet", [*TEXTS, *TEXTS])
    work = small.plan(chunk_rows=4)
    small.step(work.model_copy(update={"chunks": work.chunks[:2]}))
    small.step(work.model_copy(update={"chunks": work.chunks[2:]}))
    assert small.num_forwarded == 4  # of the two chunks before, one is looked through


def test_a_task_forgets_the_oldest_of_its_texts(
    small: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(data.reuse.known_vectors, "LEARNT_ROWS", 5)
    small.write("a.parquet", [*TEXTS, *TEXTS[4:], *TEXTS])

    summary = small.embed(chunk_rows=4)

    assert small.num_forwarded == 8 + 4 + 4  # a chunk finds the one before it, and no other
    assert summary.reused == 4
    assert small.ask(WITHOUT_VECTOR) == small.ask(UNLIKE) == [(0,)]


def test_a_recent_part_that_is_gone_is_encoded_again(
    small: Any, caplog: pytest.LogCaptureFixture
) -> None:
    small.write("a.parquet", [*TEXTS, *TEXTS])
    work = small.plan(chunk_rows=8)
    small.step(work.model_copy(update={"chunks": work.chunks[:1]}))
    dataset = work.job.spaces[0].dataset
    (part,) = small.files(dataset, "parts")
    (small.store / "datasets" / dataset / "parts" / part).unlink()
    small.step(work.model_copy(update={"chunks": work.chunks[1:]}))
    assert small.num_forwarded == 8
    assert part in caplog.text
