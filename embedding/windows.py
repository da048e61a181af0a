"""Cut texts into windows of ids that the encoder reads one by one. Knows ids, no text.

Where `room` ids fit at once, a text of p prompt ids and c ids of content has windows of w ids of
content, w = room - p, each behind the prompt. Window j begins at content id j s, s = w - overlap;
the last is the first that reaches the end. There are 1 + ceil((c - w) / s), or 1 if c <= w.

So each id is in a window, and each window has an id that none before it has: it begins `overlap`
ids before the end of the one before, and more ids than that are left. Hence no window is without
content, and in each window of a text there is a token that counts.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from embedding.tokenized import IntArray, LongArray, TokenRows


@dataclass(frozen=True, slots=True)
class TextWindows:
    """The windows of some texts, text after text.

    Attributes:
        rows: The ids of each window, the prompt's first.
        segment: The number of each window's text among those texts.
    """

    rows: TokenRows
    segment: LongArray


@dataclass(frozen=True, slots=True)
class WindowCut:
    """How texts are cut.

    Attributes:
        room: How many ids fit into a window, the prompt's among them, the template's not.
        overlap: How many ids of content a window shares with the one before.
    """

    room: int
    overlap: int

    def count(self, texts: TokenRows) -> IntArray:
        """How many windows each text has: at least one."""
        size = self.room - texts.prompt_tokens
        beyond = np.maximum(texts.lengths - self.room, 0)
        further: LongArray = -(-beyond // (size - self.overlap))
        return 1 + further.astype(np.int32)

    def cut(self, texts: TokenRows, chosen: LongArray) -> TextWindows:
        """The windows of the chosen texts, each of which has content."""
        counts = self.count(texts)[chosen]
        segment = np.repeat(np.arange(len(chosen)), counts)
        number = np.arange(len(segment)) - (np.cumsum(counts) - counts)[segment]
        prompt = texts.prompt_tokens[chosen][segment]
        start = number * (self.room - prompt - self.overlap)
        lengths = np.minimum(self.room, texts.lengths[chosen][segment] - start)
        offsets = np.cumsum([0, *lengths], dtype=np.int64)
        window = np.repeat(np.arange(len(segment)), lengths)
        within = np.arange(offsets[-1]) - offsets[window]
        place = texts.offsets[chosen][segment][window] + within
        place += np.where(within >= prompt[window], start[window], 0)
        rows = TokenRows(ids=texts.ids[place], offsets=offsets, prompt_tokens=prompt)
        return TextWindows(rows, segment)


def share_out(counts: IntArray, max_windows: int) -> Iterator[slice]:
    """Consecutive texts with at most so many windows in all; one with more is alone."""
    ends = np.cumsum(counts)
    start = 0
    while start < len(counts):
        before = ends[start] - counts[start]
        stop = max(start + 1, int(np.searchsorted(ends, before + max_windows, side="right")))
        yield slice(start, stop)
        start = stop
