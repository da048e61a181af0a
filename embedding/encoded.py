"""Hold what an encoder found out about one group of texts. Knows arrays, no model."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Num

from embedding.tokenized import BoolArray, IntArray

VectorArray = Num[np.ndarray, "texts width"]


@dataclass(frozen=True, slots=True)
class EncodedTexts:
    """The vectors of one group of texts, and what there is to know about them.

    Attributes:
        vectors: One array for each pooling, in the order asked for, as they are stored. Rows
            without tokens, and bad ones, mean nothing.
        n_tokens: Each text's length before the cut, with special and prompt tokens; -1 for a huge
            text, which is read only as far as needed.
        truncated: Whether the text was cut.
        n_windows: In how many pieces the text went through the encoder; 1 unless it is long.
        no_tokens: Whether the tokenizer found nothing in the text.
        bad: For each pooling, which vectors are not finite or have no direction (all zeros).
        n_unknown: How many of a text's tokens that were read are unknown to the vocabulary.
        n_content: How many tokens were read, without special and prompt tokens; those that windows
            share once.
        device_seconds: Spent on the model and the poolings.
        wait_seconds: Spent waiting for the tokenizer.
    """

    vectors: tuple[np.ndarray, ...]
    n_tokens: IntArray
    truncated: BoolArray
    n_windows: IntArray
    no_tokens: BoolArray
    bad: tuple[np.ndarray, ...]
    n_unknown: IntArray
    n_content: int
    device_seconds: float
    wait_seconds: float


def refuse_other_than_texts(texts: Sequence[str]) -> None:
    """Refuse what is no list of texts.

    Raises:
        ValueError: It is one text, or holds something else; the message says which.
    """
    if isinstance(texts, str):
        raise ValueError("encode takes a list of texts; found one text. Wrap it: encode([text]).")
    for i, text in enumerate(texts):
        if not isinstance(text, str):
            raise ValueError(f"text {i} is a {type(text).__name__}, not a str. Leave it out.")


def refuse_problems(found: Sequence[EncodedTexts]) -> None:
    """Refuse texts without a token, and those whose first vector means nothing.

    Raises:
        ValueError: There are some; the message says which.
    """
    for problem, flags in (
        ("without a token", [result.no_tokens for result in found]),
        ("whose vector is not finite or zero", [result.bad[0] for result in found]),
    ):
        rows = np.flatnonzero(np.concatenate([np.empty(0, np.bool_), *flags])).tolist()
        if rows:
            raise ValueError(f"{len(rows)} texts {problem}: {rows[:10]}. Leave them out.")
