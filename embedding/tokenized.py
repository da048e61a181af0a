"""Hold the ids of some texts, flat. Knows lengths and cuts, no tokenizer."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Int32, Int64

BoolArray = Bool[np.ndarray, " texts"]
IntArray = Int32[np.ndarray, " texts"]
LongArray = Int64[np.ndarray, " texts"]


@dataclass(frozen=True, slots=True)
class TokenRows:
    """The content of some texts, or of their windows, as ids, without the template.

    Attributes:
        ids: Of all rows, one after another.
        offsets: Row i is ids[offsets[i] : offsets[i + 1]].
        prompt_tokens: How many of a row's first ids belong to the prompt.
    """

    ids: Int32[np.ndarray, " ids"]
    offsets: Int64[np.ndarray, " offsets"]
    prompt_tokens: IntArray

    @property
    def lengths(self) -> LongArray:
        """How many ids each row has."""
        lengths: LongArray = np.diff(self.offsets)
        return lengths

    @property
    def no_tokens(self) -> BoolArray:
        """Which rows have no content: tokenizers drop control and zero-width characters."""
        return self.lengths <= self.prompt_tokens

    @property
    def n_content(self) -> int:
        """How many ids there are without those of the prompts."""
        return int((self.lengths - self.prompt_tokens).sum())

    def count_of(self, token: int | None) -> IntArray:
        """How often each row has this id behind its prompt; of no id: never."""
        before = np.concatenate([[0], np.cumsum(self.ids == token, dtype=np.int32)])
        behind = before[self.offsets[1:]] - before[self.offsets[:-1] + self.prompt_tokens]
        counts: IntArray = behind.astype(np.int32)
        return counts


@dataclass(frozen=True, slots=True)
class TokenizedTexts(TokenRows):
    """Texts as rows, cut to what the encoder reads of them.

    Attributes:
        n_tokens: The length before the cut, template and prompt included; -1 if unknown.
        truncated: Whether something was cut.
        n_unknown: How many of a text's ids, without those of the prompt, are the unknown token.
    """

    n_tokens: IntArray
    truncated: BoolArray
    n_unknown: IntArray

    @classmethod
    def join(cls, parts: Sequence["TokenizedTexts"]) -> "TokenizedTexts":
        """The texts of all parts, in order; of no parts: no texts."""
        sizes = np.cumsum([0, *(len(part.ids) for part in parts)], dtype=np.int64)
        tails = [p.offsets[1:] + size for p, size in zip(parts, sizes[:-1], strict=True)]
        return cls(
            ids=_join([part.ids for part in parts], np.int32),
            offsets=_join([np.zeros(1, np.int64), *tails], np.int64),
            prompt_tokens=_join([part.prompt_tokens for part in parts], np.int32),
            n_tokens=_join([part.n_tokens for part in parts], np.int32),
            truncated=_join([part.truncated for part in parts], np.bool_),
            n_unknown=_join([part.n_unknown for part in parts], np.int32),
        )


def shared_start(row: list[int], prompt_ids: list[int]) -> int:
    """How many ids the row begins with that the prompt alone begins with too.

    Counting the prompt's own ids would be wrong: a trailing space is a token of the prompt
    alone, but part of the next word when a text follows.
    """
    shared = 0
    for found, expected in zip(row, prompt_ids, strict=False):
        if found != expected:
            break
        shared += 1
    return shared


def _join(parts: Sequence[np.ndarray], dtype: type[np.generic]) -> np.ndarray:
    return np.concatenate([np.empty(0, dtype), *parts])
