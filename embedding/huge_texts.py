"""Tokenise no more of a huge text than is read of it. Knows characters and how many ids they give.

A head or a tail grows until it gives enough ids, and some more: near the cut they may differ from
those of the whole text.
"""

from collections.abc import Callable
from dataclasses import dataclass

Encode = Callable[[list[str]], list[list[int]]]

# A text with more characters than this for each token of a row is huge, unless it is read in so
# many windows that this is less than they take.
HUGE = 64
FIRST_SIZE = 16
GROWTH = 4
# For each id that is kept: most languages have fewer. While it is tokenised, one text takes up to
# 130 bytes for each character, so many windows do not get the generous sizes of one row.
SIZE_OF_ID = 6
# So many tokens before a cut may differ from the whole text's; no piece of a word and no unknown
# word reaches further.
MARGIN = 128
SPACE_SEARCH = 1_024


@dataclass(frozen=True, slots=True)
class HugeTexts:
    """How much of huge texts is tokenised.

    Attributes:
        encode: Texts to ids.
        max_tokens: The length of a row.
        most_ids: How many ids of a text are kept at most.
    """

    encode: Encode
    max_tokens: int
    most_ids: int

    @property
    def first_size(self) -> int:
        """How many characters are tried first."""
        return max(FIRST_SIZE * self.max_tokens, SIZE_OF_ID * self.most_ids)

    def is_huge(self, text: str) -> bool:
        """Whether the text is not tokenised whole at once."""
        return len(text) > max(HUGE * self.max_tokens, SIZE_OF_ID * self.most_ids)

    def grow_head(self, text: str, row: list[int]) -> tuple[list[int], bool]:
        """At least the ids that are kept, from those of the first head; whether that is all."""
        size = self.first_size
        head = cut_at_space(text, size)
        while len(row) < self.most_ids + MARGIN and len(head) < len(text):
            size *= GROWTH
            head = cut_at_space(text, size)
            (row,) = self.encode([head])
        return row, len(head) == len(text)

    def read_tail(self, text: str, num_ids: int) -> list[int]:
        """The last so many ids."""
        size = FIRST_SIZE * self.max_tokens
        tail = cut_tail_at_space(text, size)
        (row,) = self.encode([tail])
        while len(row) < num_ids + MARGIN and len(tail) < len(text):
            size *= GROWTH
            tail = cut_tail_at_space(text, size)
            (row,) = self.encode([tail])
        return row[-num_ids:]


def cut_at_space(text: str, size: int) -> str:
    """About the first `size` characters, cut before a space if there is one not far back."""
    if len(text) <= size:
        return text
    for end in range(size, max(size - SPACE_SEARCH, 0), -1):
        if text[end].isspace():
            return text[:end]
    return text[:size]


def cut_tail_at_space(text: str, size: int) -> str:
    """About the last `size` characters, cut before a space if there is one not far on."""
    if len(text) <= size:
        return text
    first = len(text) - size
    for start in range(first, min(first + SPACE_SEARCH, len(text))):
        if text[start].isspace():
            return text[start:]
    return text[first:]
