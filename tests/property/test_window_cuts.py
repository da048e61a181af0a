"""The cutting of long texts: nothing is lost, nothing is read twice that need not be."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from embedding.long_texts import Windows
from embedding.tokenized import TokenRows
from embedding.windows import WindowCut, share_out

Row = list[int]


@st.composite
def cuts(draw: st.DrawFn) -> tuple[WindowCut, Windows, int]:
    """Some room, an overlap and a prompt that leave room for one id more."""
    overlap, prompt = draw(st.integers(0, 4)), draw(st.integers(0, 4))
    room = prompt + overlap + draw(st.integers(1, 6))
    policy = Windows(overlap=overlap, max_windows=draw(st.integers(1, 12)))
    return WindowCut(room, overlap), policy, prompt


def rows_of(lengths: list[int], prompt: int) -> list[Row]:
    """The prompt's ids are negative, those of the content are 0, 1, 2, ..."""
    return [[*range(-prompt, 0), *range(length)] for length in lengths]


def token_rows(rows: list[Row], prompt: int) -> TokenRows:
    return TokenRows(
        ids=np.array([i for row in rows for i in row], dtype=np.int32),
        offsets=np.cumsum([0, *map(len, rows)], dtype=np.int64),
        prompt_tokens=np.full(len(rows), prompt, dtype=np.int32),
    )


def windows_of(cut: WindowCut, rows: list[Row], prompt: int) -> list[list[Row]]:
    """For each text the ids of its windows."""
    found = cut.cut(token_rows(rows, prompt), np.arange(len(rows)))
    ids = np.split(found.rows.ids, found.rows.offsets[1:-1])
    texts: list[list[Row]] = [[] for _ in rows]
    for text, window in zip(found.segment, ids, strict=True):
        texts[text].append(window.tolist())
    return texts


@given(cuts(), st.lists(st.integers(1, 60), min_size=1, max_size=6))
def test_without_overlap_windows_cover_every_id_exactly_once(
    drawn: tuple[WindowCut, Windows, int], lengths: list[int]
) -> None:
    cut, _, prompt = drawn
    rows = rows_of(lengths, prompt)
    for row, windows in zip(rows, windows_of(WindowCut(cut.room, 0), rows, prompt), strict=True):
        assert [i for window in windows for i in window[prompt:]] == row[prompt:]


@given(cuts(), st.lists(st.integers(1, 60), min_size=1, max_size=6))
def test_each_window_has_the_prompt_what_is_shared_and_something_new(
    drawn: tuple[WindowCut, Windows, int], lengths: list[int]
) -> None:
    cut, _, prompt = drawn
    rows = rows_of(lengths, prompt)
    counts = cut.count(token_rows(rows, prompt))
    for row, count, windows in zip(rows, counts, windows_of(cut, rows, prompt), strict=True):
        assert len(windows) == count
        assert all(window[:prompt] == row[:prompt] for window in windows)
        assert all(len(window) == cut.room for window in windows[:-1])
        assert prompt < len(windows[-1]) <= cut.room
        end = 0
        for j, window in enumerate(windows):
            content = window[prompt:]
            assert content[0] == (end - cut.overlap if j else 0)
            assert content[-1] >= end
            end = content[-1] + 1
        assert end == len(row) - prompt


@given(cuts(), st.integers(1, 200))
def test_what_is_kept_fills_the_windows_that_are_allowed(
    drawn: tuple[WindowCut, Windows, int], length: int
) -> None:
    cut, policy, prompt = drawn
    (row,) = rows_of([length], prompt)
    kept = policy.keep(row, cut.room, prompt)
    (windows,) = windows_of(cut, [kept], prompt)
    assert len(windows) <= policy.max_windows
    assert len(kept) <= policy.most_ids(cut.room)
    if len(kept) < len(row):
        assert (len(windows), len(windows[-1])) == (policy.max_windows, cut.room)


@given(st.lists(st.integers(1, 9), max_size=30), st.integers(1, 12))
def test_texts_are_shared_out_once_each_in_order_and_few_windows_at_a_time(
    counts: list[int], most: int
) -> None:
    parts = list(share_out(np.array(counts, dtype=np.int32), most))
    assert [i for part in parts for i in range(part.start, part.stop)] == list(range(len(counts)))
    for part in parts:
        assert sum(counts[part]) <= most or part.stop - part.start == 1
