"""Turn texts into token ids. Knows the tokenizer of a folder; the model never sees a text.

Texts are tokenised without the template (`[CLS] ... [SEP]`) and cut here, so the cut can only
take content away. Padding and truncation that a tokenizer file declares for itself are switched
off: they would cut in silence, and the lengths that we report would be wrong.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
from tokenizers import Tokenizer
from tokenizers.normalizers import Lowercase
from tokenizers.normalizers import Sequence as Normalizers
from transformers import AutoTokenizer

from embedding.folder import ModelFolder
from embedding.spec import EncoderSpec
from embedding.template import Template, read_template
from embedding.tokenized import BoolArray, TokenizedTexts

# One call to the tokenizer holds about 100 bytes for each token until its ids are copied.
SLICE_TEXTS = 1_024
# A text with more characters than this for each readable token is huge: its head is tokenised.
HUGE = 64
FIRST_HEAD = 16
HEAD_GROWTH = 4
# So many tokens before the end of a head may differ from the whole text's; no piece of a word
# and no unknown word reaches further back.
MARGIN = 128
SPACE_SEARCH = 1_024


@dataclass(frozen=True, slots=True)
class TextTokenizer:
    """Texts to ids, cut to `max_tokens`.

    Attributes:
        backend: The tokenizer of the folder, its padding and truncation off.
        template: What is put around every text.
        unknown: The id of the unknown token; None: the tokenizer has none.
        max_tokens: The longest row that the encoder reads, template and prompt included.
        gives_types: Whether the model is meant to get token type ids. GPT-2's would add them up
            as words.
    """

    backend: Tokenizer
    template: Template
    unknown: int | None
    max_tokens: int
    gives_types: bool

    def check_prompt(self, prompt: str) -> None:
        """Refuse a prompt that leaves no room.

        Raises:
            ValueError: The prompt and the template fill `max_tokens`.
        """
        taken = len(self._encode([prompt])[0]) + len(self.template)
        if taken >= self.max_tokens:
            raise ValueError(
                f"the prompt {prompt[:40]!r} and the special tokens take {taken} tokens of "
                f"max_tokens={self.max_tokens}: no room for text. Raise encoder.max_tokens."
            )

    def tokenize(self, texts: Sequence[str], prompt: str = "") -> TokenizedTexts:
        """The ids of the texts, each behind the prompt."""
        prompt_ids = self._encode([prompt])[0] if prompt else []
        slices = [
            self._tokenize_slice([prompt + text for text in texts[i : i + SLICE_TEXTS]], prompt_ids)
            for i in range(0, len(texts), SLICE_TEXTS)
        ]
        return TokenizedTexts.join(slices)

    def _tokenize_slice(self, texts: list[str], prompt_ids: list[int]) -> TokenizedTexts:
        room = self.max_tokens - len(self.template)
        rows, is_whole = self._encode_heads(texts, room)
        kept = [row[:room] for row in rows]
        shared = [_shared_start(row, prompt_ids) for row in kept]
        lengths = np.fromiter(map(len, rows), np.int32, len(rows))
        ids = np.fromiter(chain.from_iterable(kept), np.int32)
        return TokenizedTexts(
            ids=ids,
            offsets=np.cumsum([0, *map(len, kept)], dtype=np.int64),
            prompt_tokens=np.array(shared, dtype=np.int32),
            n_tokens=np.where(is_whole, lengths + len(self.template), -1).astype(np.int32),
            truncated=(lengths > room) | ~is_whole,
            n_unknown=0 if self.unknown is None else int((ids == self.unknown).sum()),
        )

    def _encode_heads(self, texts: list[str], room: int) -> tuple[list[list[int]], BoolArray]:
        """At least the first `room` ids of each text, and which texts were read to their end."""
        is_huge = [len(text) > HUGE * self.max_tokens for text in texts]
        size = FIRST_HEAD * self.max_tokens
        heads = [cut_at_space(t, size) if h else t for t, h in zip(texts, is_huge, strict=True)]
        rows = self._encode(heads)
        for i in np.flatnonzero(is_huge):
            rows[i], heads[i] = self._grow_head(texts[i], rows[i], size, room)
        is_whole = [len(head) == len(text) for head, text in zip(heads, texts, strict=True)]
        return rows, np.array(is_whole, dtype=np.bool_)

    def _grow_head(self, text: str, row: list[int], size: int, room: int) -> tuple[list[int], str]:
        """The ids of a head that is long enough, and that head; at most the whole text."""
        head = cut_at_space(text, size)
        while len(row) < room + MARGIN and len(head) < len(text):
            size *= HEAD_GROWTH
            head = cut_at_space(text, size)
            (row,) = self._encode([head])
        return row, head

    def _encode(self, texts: list[str]) -> list[list[int]]:
        found = self.backend.encode_batch_fast(texts, add_special_tokens=False)
        return [encoding.ids for encoding in found]


def load_tokenizer(folder: ModelFolder, spec: EncoderSpec, max_tokens: int) -> TextTokenizer:
    """The tokenizer of a model folder.

    Raises:
        ValueError: There is none, or none that can be used.
    """
    if not folder.tokenizer_files():
        raise ValueError(
            f"model {folder.name!r}: no tokenizer in {folder.transformer}. "
            "Give the folder of a text encoder, with its tokenizer.json."
        )
    loaded = AutoTokenizer.from_pretrained(
        folder.transformer, trust_remote_code=spec.trust_remote_code, local_files_only=True
    )
    if not loaded.is_fast:
        raise ValueError(
            f"model {folder.name!r}: its tokenizer runs in Python only. "
            "Give a folder with a tokenizer.json."
        )
    backend: Tokenizer = loaded.backend_tokenizer
    backend.no_padding()
    backend.no_truncation()
    if folder.lengths.get("do_lower_case"):
        backend.normalizer = Normalizers(
            [Lowercase(), *([backend.normalizer] if backend.normalizer else [])]
        )
    template = read_template(backend, loaded.cls_token_id)
    return TextTokenizer(
        backend=backend,
        template=template,
        unknown=loaded.unk_token_id,
        max_tokens=max_tokens,
        gives_types="token_type_ids" in loaded.model_input_names,
    )


def cut_at_space(text: str, size: int) -> str:
    """About the first `size` characters, cut before a space if there is one not far back."""
    if len(text) <= size:
        return text
    for end in range(size, max(size - SPACE_SEARCH, 0), -1):
        if text[end].isspace():
            return text[:end]
    return text[:size]


def _shared_start(row: list[int], prompt_ids: list[int]) -> int:
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
