"""Count the tokens of texts, without the model. Knows the tokenizer of a folder, and ids.

Texts are counted whole, however little of them an encoder reads: how frequent a word is does not
depend on that. One table then serves every encoder with this tokenizer, whatever its length,
prompt and windows.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np

from embedding.architecture import read_architecture
from embedding.defaults import resolve_max_tokens
from embedding.folder import open_folder
from embedding.huge_texts import cut_at_space
from embedding.spec import EncoderSpec
from embedding.tokenized import LongArray
from embedding.tokenizer import TextTokenizer, load_tokenizer

# One call to the tokenizer holds about 100 bytes for each token, so it gets no more than this. A
# longer text is counted in pieces, cut at spaces.
SLICE_TEXTS = 1_024
SLICE_CHARACTERS = 1 << 20


@dataclass(frozen=True, slots=True)
class TokenCounts:
    """What `TokenCounter` has counted; its fields are the tensors of a pooling's table.

    Attributes:
        token_counts: Occurrences of each id; of those that the tokenizer puts around every text,
            one for each document and place.
        document_counts: Documents in which each id occurs.
        num_tokens: All occurrences without those around the texts.
        num_documents: Texts with at least one token.
    """

    token_counts: LongArray
    document_counts: LongArray
    num_tokens: int
    num_documents: int


class TokenCounter:
    """Adds up tokens, text by text; the order and the grouping of texts change nothing."""

    def __init__(self, tokenizer: TextTokenizer, vocabulary: int) -> None:
        self._tokenizer = tokenizer
        self._tokens = np.zeros(vocabulary, np.int64)
        self._documents = np.zeros(vocabulary, np.int64)
        self._num_documents = 0

    def add(self, texts: Sequence[str]) -> None:
        """Count some texts, each as a document of its own."""
        for some in _slices(texts):
            rows = self._encode(some)
            lengths = np.array([len(row) for row in rows], np.int64)
            ids = np.fromiter(chain.from_iterable(rows), np.int64, int(lengths.sum()))
            self._count(ids, np.repeat(np.arange(len(rows)), lengths))
            self._num_documents += int((lengths > 0).sum())

    def counts(self) -> TokenCounts:
        """What was counted so far, the tokens around every text included."""
        tokens, documents = self._tokens.copy(), self._documents.copy()
        template = self._tokenizer.template
        for token in (*template.before, *template.after):
            tokens[token] += self._num_documents
            documents[token] = self._num_documents
        return TokenCounts(tokens, documents, int(self._tokens.sum()), self._num_documents)

    def _count(self, ids: LongArray, document: LongArray) -> None:
        size = len(self._tokens)
        self._tokens += np.bincount(ids, minlength=size)
        once = np.unique(document * size + ids) % size
        self._documents += np.bincount(once, minlength=size)

    def _encode(self, texts: list[str]) -> list[list[int]]:
        if len(texts[0]) <= SLICE_CHARACTERS:
            return self._encode_together(texts)
        (text,) = texts
        return [[token for piece in _pieces(text) for token in self._encode_together([piece])[0]]]

    def _encode_together(self, texts: list[str]) -> list[list[int]]:
        found = self._tokenizer.backend.encode_batch_fast(texts, add_special_tokens=False)
        return [encoding.ids for encoding in found]


def load_counter(spec: EncoderSpec) -> TokenCounter:
    """A counter with the tokenizer of the spec's model folder; the model is not loaded.

    Raises:
        ValueError: The folder has no tokenizer that can be used, or that of another model.
    """
    folder = open_folder(spec)
    architecture = read_architecture(folder, spec)
    tokenizer = load_tokenizer(folder, spec, resolve_max_tokens(spec, folder, architecture))
    largest = max(tokenizer.backend.get_vocab().values())
    if largest >= architecture.vocabulary_size:
        raise ValueError(
            f"model {spec.model!r}: the tokenizer gives ids up to {largest}, but its config states "
            f"{architecture.vocabulary_size}. Tokenizer and config are of two models."
        )
    return TokenCounter(tokenizer, architecture.vocabulary_size)


def _slices(texts: Sequence[str]) -> Iterator[list[str]]:
    """Consecutive texts for one call; a text that is too long for it comes alone."""
    some: list[str] = []
    size = 0
    for text in texts:
        if some and (len(some) == SLICE_TEXTS or size + len(text) > SLICE_CHARACTERS):
            yield some
            some, size = [], 0
        some.append(text)
        size += len(text)
    if some:
        yield some


def _pieces(text: str) -> Iterator[str]:
    while text:
        piece = cut_at_space(text, SLICE_CHARACTERS)
        yield piece
        text = text[len(piece) :]
