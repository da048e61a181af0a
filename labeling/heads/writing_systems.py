"""Tell whether texts are written without spaces between words. Knows characters, no language."""

import re
from collections.abc import Sequence

import numpy as np

# Han, Hiragana and Katakana, Thai and Lao, Tibetan, Myanmar, Khmer.
_WITHOUT_SPACES = re.compile(
    "[\u0e00-\u0eff\u0f00-\u0fff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf"
    "\u4e00-\u9fff\uf900-\ufaff\U00020000-\U000323af]"
)
_LETTER = re.compile(r"[^\W\d_]")
_MAX_TEXTS, _MAX_CHARACTERS = 2_000, 1_000  # that are looked at, and of each of them


def share_without_spaces(texts: Sequence[str]) -> float:
    """The share of letters that belong to scripts without spaces; 0 where there are no letters.

    Texts spread evenly are looked at, of long ones the beginning.
    """
    places = np.unique(np.linspace(0, len(texts) - 1, min(len(texts), _MAX_TEXTS)).astype(int))
    parts = [texts[place][:_MAX_CHARACTERS] for place in places]
    found = sum(len(_WITHOUT_SPACES.findall(part)) for part in parts)
    others = sum(len(_LETTER.findall(_WITHOUT_SPACES.sub("", part))) for part in parts)
    return found / max(found + others, 1)
