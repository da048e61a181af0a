"""The corpora that engines are compared on, and how much padding each costs who pads.

Knows texts and their lengths. A corpus is built once and kept in an ignored folder.
"""

import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from tokenizers import Tokenizer

from benchmarks import debian, machine_texts
from benchmarks.results import CACHE, ROOT, NotMeasured

MODEL = ROOT / "models/all-MiniLM-L6-v2"
SAMPLE = ROOT / "samples/wordnet12.parquet"
MODEL_TOKENS = 256  # what the model folder states
BATCH = 32
UNEVEN_RATIO = 1.8
UNEVEN_TEXTS, LONG_TEXTS = 24_000, 6_000
LONG_CHARACTERS = 2_500


@dataclass(frozen=True, slots=True)
class Corpus:
    """Different texts, and how much is read of each; `max_tokens` None: what the model states."""

    name: str
    about: str
    build: Callable[[], list[str]]
    max_tokens: int | None = None

    def texts(self) -> list[str]:
        """All texts, from the cache if they are there.

        Raises:
            NotMeasured: What they are made of is not on this machine.
        """
        path = CACHE / "corpora" / f"{self.name}.parquet"
        if not path.exists():
            built = self.build()
            path.parent.mkdir(parents=True, exist_ok=True)
            pq.write_table(pa.table({"text": built}), path)
        found: list[str] = pq.read_table(path)["text"].to_pylist()
        return found

    def padding_ratio(self, texts: Sequence[str]) -> float:
        """Of these texts of the corpus."""
        return padding_ratio(texts, self.max_tokens or MODEL_TOKENS)


def spread(texts: Sequence[str], count: int) -> list[str]:
    """So many of the texts, evenly from all of them; all, if there are no more."""
    if count >= len(texts):
        return list(texts)
    return [texts[int(place)] for place in np.linspace(0, len(texts) - 1, max(count, 1))]


def padding_ratio(texts: Sequence[str], max_tokens: int = MODEL_TOKENS) -> float:
    """Tokens that sentence-transformers computes in batches of 32, for each real one.

    It sorts by characters, longest first, and pads each batch to its longest text.
    """
    lengths = np.minimum(count_tokens(texts), max_tokens)
    in_order = lengths[np.argsort([-len(text) for text in texts])]
    batches = [in_order[start : start + BATCH] for start in range(0, len(in_order), BATCH)]
    return float(sum(batch.max() * len(batch) for batch in batches) / lengths.sum())


def count_tokens(texts: Sequence[str]) -> np.ndarray:
    """Tokens of each text, special ones included, uncut."""
    found = _tokenizer().encode_batch_fast(list(texts))
    return np.array([len(encoding.ids) for encoding in found])


def _glosses() -> list[str]:
    """WordNet by apt; where that is not to be had, the committed sample."""
    try:
        return debian.glosses()
    except NotMeasured:
        found: list[str] = pq.read_table(SAMPLE)["text"].to_pylist()
        return found


def _uneven() -> list[str]:
    """Paragraphs and lines of code in turn, with as many whole functions as bring 1.8 nearest.

    Of as many characters, prose, lists and code have few tokens or many; who sorts by characters
    pads the ones beside the others. Functions are alike, and lower the ratio.
    """
    paragraphs = _distinct(machine_texts.paragraphs(), UNEVEN_TEXTS)
    lines = _distinct(machine_texts.code_lines(), UNEVEN_TEXTS)
    functions = _distinct(machine_texts.code_blocks(), UNEVEN_TEXTS)
    mixtures = [
        _interleaved(paragraphs, lines, spread(functions, int(UNEVEN_TEXTS * share)))
        for share in (0, 0.1, 0.25, 0.5)
    ]
    return min(mixtures, key=lambda texts: abs(UNEVEN_RATIO - padding_ratio(spread(texts, 6_000))))


def _interleaved(*kinds: Sequence[str]) -> list[str]:
    """All texts of all kinds, each kind evenly from beginning to end."""
    places = np.concatenate([np.linspace(0, 1, len(kind), endpoint=False) for kind in kinds])
    texts = list(itertools.chain(*kinds))
    return [texts[row] for row in np.argsort(places, kind="stable")]


def _long() -> list[str]:
    texts = machine_texts.whole_files()
    return _first_distinct((t for t in texts if len(t) >= LONG_CHARACTERS), LONG_TEXTS)


def _distinct(texts: Iterable[str], count: int) -> list[str]:
    """Of a length that the model reads whole, or nearly."""
    return _first_distinct((t for t in texts if 40 <= len(t) <= 1_000), count)  # noqa: PLR2004


def _first_distinct(texts: Iterator[str], count: int) -> list[str]:
    seen: dict[str, None] = {}
    for text in texts:
        seen[text] = None
        if len(seen) == count:
            break
    return list(seen)


@cache
def _tokenizer() -> Tokenizer:
    tokenizer = Tokenizer.from_file(str(MODEL / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return tokenizer


CORPORA = {
    corpus.name: corpus
    for corpus in (
        Corpus("short", "WordNet glosses", _glosses),
        Corpus("mixed", "Debian package descriptions", debian.descriptions),
        Corpus("uneven", "paragraphs of manuals and lines of code", _uneven),
        Corpus("long", "modules, manuals and documents of at least 2,500 characters", _long, 512),
    )
}
