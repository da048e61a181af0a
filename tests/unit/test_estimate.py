"""The arithmetic of an estimate, by hand, and the words in which it is said."""

from collections import Counter
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from data import REJECTS, Chunk, ChunkRows
from tasks.estimating.extrapolation import (
    describe_texts,
    found_rows,
    outputs,
    pace,
    rejects,
    seconds_of_one,
    seconds_of_run,
)
from tasks.estimating.findings import CorpusEstimate, Output, Pace, Spread, TextsFound
from tasks.estimating.sample import ChunkReading, Sample, Share
from tasks.estimating.speeds import Speeds
from tasks.estimating.trial import Trial
from tasks.estimating.words import estimate_headline, estimate_rows
from tasks.figures import share_words, size_words, time_words

NONE = Spread(value=0, low=0, high=0)


def rows_of(rows: int, texts: int) -> ChunkRows:
    chunk = Chunk(name="c", path="a.parquet", row_start=0, rows=rows, read_bytes=0)
    none = pa.table({}), pa.array([], pa.large_string())
    return ChunkRows(chunk, *none, np.arange(texts), REJECTS.empty_table(), "")


def reading(rows: int, places: int, seconds: float, **reasons: int) -> ChunkReading:
    return ChunkReading(rows_of(rows, rows), places, Counter(reasons), seconds)


def share(texts_a_row: float, reused_a_row: float = 0.0, documents_a_row: float = 1.0) -> Share:
    return Share(rows_of(10, 10), texts_a_row, reused_a_row, documents_a_row)


def trial(texts: int, seconds: float, **more: Any) -> Trial:
    given = {
        "tokens": 10 * texts,
        "unknown": 0,
        "n_tokens": np.full(texts, 12),
        "truncated": 0,
        "windows": texts,
        "reasons": Counter[str](),
        "row_bytes": (100.0, 1500.0),
    }
    return Trial(texts=texts, seconds=seconds, **(given | more))


def test_a_row_takes_its_reading_and_its_part_of_a_text() -> None:
    shares = (share(texts_a_row=0.5), share(texts_a_row=1.0))
    readings = (reading(100, 3, seconds=1.0), reading(50, 1, seconds=2.5))
    trials = [trial(10, seconds=2.0), trial(10, seconds=4.0)]  # 0.2 and 0.4 s a text

    found = seconds_of_one(Sample(shares, readings, ()), trials, passes=2)

    read = 2 * (3 * 0.01 + 1 * 0.05) / 4  # a place stands for as many rows as any other
    assert found.low == pytest.approx(read + 0.1)
    assert found.high == pytest.approx(read + 0.4)
    assert found.value == pytest.approx(read + 0.25)


def test_a_share_without_a_new_text_takes_no_part_in_the_trials() -> None:
    empty = Share(rows_of(10, 0), 0.0, 1.0, 1.0)
    sample = Sample((empty, share(1.0)), (reading(10, 1, 0.0),), ())

    assert seconds_of_one(sample, [trial(10, 1.0)], passes=1).value == pytest.approx(0.1)


def test_what_is_neither_new_nor_stored_nor_rejected_is_a_duplicate() -> None:
    sample = Sample((share(0.5, 0.2, 0.9), share(0.7, 0.0, 1.0)), (), ())

    found = found_rows(sample)

    assert found == pytest.approx({"new": 0.6, "reused": 0.1, "duplicates": 0.25})


def test_rejects_are_weighed_by_the_places_of_their_chunk() -> None:
    readings = (reading(100, 3, 0.0, null=10, empty=1), reading(10, 1, 0.0, null=5))

    found = rejects(Sample((), readings, ()))

    assert found == pytest.approx({"null": (3 * 0.1 + 0.5) / 4, "empty": 3 * 0.01 / 4})
    assert list(found) == ["null", "empty"]


def test_every_document_has_a_row_in_every_dataset() -> None:
    sample = Sample((share(0.1, 0.8, 0.9), share(0.1, 0.8, 1.0)), (), ())

    documents, space = outputs(("d", "s"), (0, 1000), sample, [trial(1, 1.0), trial(1, 1.0)])

    assert documents.size_bytes == NONE
    assert space.size_bytes == Spread(value=1_425_000, low=1_350_000, high=1_500_000)


def test_lengths_are_those_that_so_many_texts_do_not_exceed() -> None:
    lengths = np.arange(1, 101)

    found = describe_texts(
        [trial(60, 1.0, n_tokens=lengths[40:]), trial(40, 1.0, n_tokens=lengths[:40])]
    )

    assert found.lengths == (10, 50, 90, 99, 100)


def test_a_text_that_was_not_counted_is_longer_than_all_others() -> None:
    found = describe_texts([trial(2, 1.0, n_tokens=np.array([-1, 7]))])

    assert found.lengths == (7, 7, None, None, None)


def test_shares_are_of_all_texts_together() -> None:
    found = describe_texts(
        [
            trial(4, 1.0, tokens=100, unknown=10, truncated=2, windows=12),
            trial(4, 1.0, tokens=300, n_tokens=np.full(3, 5), reasons=Counter(no_tokens=1)),
        ]
    )

    assert (found.num_texts, found.unknown) == (8, 10 / 400)
    assert (found.truncated, found.windows) == (2 / 7, 16 / 7)
    assert found.without_vector == {"no_tokens": 1 / 8}


def speeds(num_processes: int, **rounds: tuple[float, ...]) -> Speeds:
    seconds = {int(name[1:]): each for name, each in rounds.items()}
    return Speeds(num_processes, 100, next(iter(seconds)), seconds, memory_bytes=500)


def test_processes_are_as_much_faster_as_they_are_on_the_same_texts() -> None:
    here = speeds(1, b4096=(10.0,))  # 10 texts a second
    together = speeds(4, b4096=(16.0, 15.0, 900.0))  # 4 times 100 texts in 16 s: 25

    found = pace([trial(10, 0.5), trial(10, 1.0)], here, together, memory_bytes=70)

    assert (found.num_processes, found.memory_bytes) == (4, 570)
    assert found.texts_of_one == Spread(value=15, low=10, high=20)
    assert found.texts == Spread(value=37.5, low=25, high=50)
    assert found.tokens == Spread(value=375, low=250, high=500)


@pytest.mark.parametrize(
    ("num_chunks", "expected"),
    [
        (4, 100 / 2.5),  # one each
        (5, 100 / 2.5 * 8 / 5),  # the fifth keeps one process busy, and three wait
        (400, 100 / 2.5),
    ],
)
def test_the_last_chunks_do_not_keep_all_processes_busy(num_chunks: int, expected: float) -> None:
    found = pace(
        [trial(10, 1.0)], speeds(1, b4096=(10.0,)), speeds(4, b4096=(16.0,)), memory_bytes=0
    )

    seconds = seconds_of_run(Spread(value=100, low=90, high=110), num_chunks, found)

    assert seconds.value == pytest.approx(expected)
    assert seconds.high / seconds.low == pytest.approx(110 / 90)


@pytest.mark.parametrize(
    ("rounds", "better"),
    [
        ({"b4096": (1.0, 1.0), "b8192": (0.8, 0.8), "b2048": (0.9, 0.9)}, (8192, 1.25)),
        ({"b4096": (1.0, 1.0), "b8192": (0.97, 0.97)}, None),  # too little
        ({"b4096": (1.0, 1.0), "b8192": (0.5, 1.01)}, None),  # slower in one round: noise
        ({"b4096": (1.0,)}, None),
    ],
    ids=str,
)
def test_a_budget_is_better_only_if_it_is_in_every_round(
    rounds: dict[str, tuple[float, ...]], better: tuple[int, float] | None
) -> None:
    assert speeds(1, **rounds).better == better


def test_an_estimate_from_the_figures_of_a_run_is_what_the_run_took() -> None:
    """make demo on two cores: 6,000 rows read in 0.1 s, encoded and written in 18.3 s."""
    sample = Sample((share(1.0),), (reading(6_000, 16, seconds=0.1),), ())

    found = seconds_of_one(sample, [trial(6_000, seconds=18.3)], passes=1).times(6_000)

    assert found.value == pytest.approx(18.4)


ESTIMATE = CorpusEstimate(
    corpus="news",
    rows=10_000_000,
    files=120,
    chunks=500,
    owed_rows=9_000_000,
    owed_chunks=450,
    chunks_read=16,
    new=0.97,
    reused=0.01,
    duplicates=0.005,
    rejected={"null": 0.01, "empty": 0.005},
    texts=TextsFound(
        num_texts=1_984,
        lengths=(8, 14, 30, 61, None),
        truncated=0.0004,
        unknown=0.0,
        windows=1.0,
        without_vector={},
    ),
    pace=Pace(
        num_processes=2,
        texts=Spread(value=512, low=480, high=540),
        tokens=Spread(value=8_100, low=7_900, high=8_300),
        texts_of_one=Spread(value=301, low=290, high=310),
        budgets=(4096, 2048, 8192),
        better_budget=None,
        gain=1.0,
        memory_bytes=900_000_000,
    ),
    run_seconds=Spread(value=17_800, low=16_500, high=19_100),
    outputs=(
        Output(
            dataset="documents_news-12345678", size_bytes=NONE.model_copy(update={"value": 2e9})
        ),
        Output(
            dataset="minilm_mean-12345678", size_bytes=NONE.model_copy(update={"value": 1.2e10})
        ),
    ),
    seconds=24.2,
)


def test_the_headline_says_how_long_how_much_and_of_what() -> None:
    assert estimate_headline(ESTIMATE) == (
        "About 4.9 h (4.6 to 5.3 h) and 14.0 GB for 9,000,000 rows of news."
    )


def test_a_spread_over_two_units_names_both() -> None:
    wide = ESTIMATE.model_copy(update={"run_seconds": Spread(value=90, low=55, high=125)})

    assert estimate_headline(wide).startswith("About 1.5 min (55 s to 2.1 min) and")


def test_the_rows_say_what_it_rests_on() -> None:
    assert dict(estimate_rows(ESTIMATE)) == {
        "corpus": "10,000,000 rows, 120 files, 500 chunks; owed: 9,000,000 rows, 450 chunks",
        "sample": "1,984 texts from 16 chunks, in 24 s",
        "rows": "97 % new, 1.0 % stored already, 0.5 % duplicates",
        "rejected": "1.5 % (null 1.0 %, empty 0.5 %)",
        "tokens of a text": "p10 8, p50 14, p90 30, p99 61, longest huge",
        "cut": "< 0.1 % of the texts",
        "unknown": "0 % of the tokens",
        "speed": "512 texts/s, 8,100 (7,900 to 8,300) tokens/s",
        "processes": "2, tried side by side; alone, this one did 301 texts/s",
        "memory": "about 900.0 MB for each process",
        "token budget": "4,096; 2,048 and 8,192 were not clearly faster",
        "documents_news": "2.0 GB",
        "minilm_mean": "12.0 GB",
    }


def test_nothing_to_do_is_one_line() -> None:
    done = ESTIMATE.model_copy(update={"owed_rows": 0, "owed_chunks": 0})

    assert estimate_headline(done) == "Nothing to do: all 10,000,000 rows of news are committed."
    assert estimate_rows(done) == []


def test_figures_read_as_a_person_says_them() -> None:
    assert [time_words(each) for each in (7.4, 90, 3_600, 40_000, 100_000, 864_000)] == [
        *("7 s", "1.5 min", "1.0 h", "11 h", "28 h", "10 days")
    ]
    assert [share_words(each) for each in (0, 0.0004, 0.004, 0.5, 1)] == [
        *("0 %", "< 0.1 %", "0.4 %", "50 %", "100 %")
    ]
    assert [size_words(each) for each in (10, 1_500, 2.5e12)] == ["10 bytes", "1.5 kB", "2.5 TB"]
