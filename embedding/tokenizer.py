"""Turn texts into token ids. Knows the tokenizer of a folder; the model never sees a text.

Texts are tokenised without the template (`[CLS] ... [SEP]`) and cut here, so the cut can only
take content away. Padding and truncation that a tokenizer file declares for itself are switched
off: they would cut in silence, and the lengths that we report would be wrong.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
from tokenizers import Tokenizer
from tokenizers.normalizers import Lowercase
from tokenizers.normalizers import Sequence as Normalizers
from transformers import AutoTokenizer

from embedding.folder import ModelFolder
from embedding.huge_texts import HugeTexts, cut_at_space
from embedding.long_texts import TRUNCATE, LongTexts
from embedding.spec import EncoderSpec
from embedding.template import Template, read_template
from embedding.tokenized import BoolArray, TokenizedTexts, TokenRows, shared_start
from embedding.windows import WindowCut

# One call to the tokenizer holds about 100 bytes for each token until its ids are copied.
SLICE_TEXTS = 1_024
SLICE_CHARACTERS = 4_000_000


@dataclass(frozen=True, slots=True)
class TextTokenizer:
    """Texts to ids, cut to what the encoder reads of them.

    Attributes:
        backend: The tokenizer of the folder, its padding and truncation off.
        template: What is put around every text.
        unknown: The id of the unknown token; None: the tokenizer has none.
        max_tokens: The longest row that the encoder reads, template and prompt included.
        gives_types: Whether the model is meant to get token type ids. GPT-2's would add them up
            as words.
        long_texts: What is read of texts that do not fit.
    """

    backend: Tokenizer
    template: Template
    unknown: int | None
    max_tokens: int
    gives_types: bool
    long_texts: LongTexts = TRUNCATE

    @property
    def room(self) -> int:
        """How many ids of a prompt and a text fit into one row."""
        return self.max_tokens - len(self.template)

    @property
    def window_cut(self) -> WindowCut:
        """How texts are cut that have more ids than fit; there are none unless windows are read."""
        return WindowCut(self.room, self.long_texts.overlap)

    def room_after(self, prompt: str) -> int:
        """How many ids of a text fit into one row behind this prompt."""
        return self.room - len(self._encode([prompt])[0])

    def check_prompt(self, prompt: str) -> None:
        """Refuse a prompt that leaves no room.

        Raises:
            ValueError: The prompt and the template fill `max_tokens`, or leave less than is needed
                to read long texts.
        """
        left = self.room_after(prompt)
        if left <= 0:
            raise ValueError(
                f"the prompt {prompt[:40]!r} and the special tokens take {self.max_tokens - left} "
                f"tokens of max_tokens={self.max_tokens}: no room for text. Raise "
                "encoder.max_tokens."
            )
        if left < self.long_texts.least_room:
            raise ValueError(
                f"{self.long_texts.spelled} leaves no room: beside special tokens and prompt "
                f"({prompt[:40]!r}) max_tokens={self.max_tokens} has {left}. Lower it, or raise "
                "encoder.max_tokens."
            )

    def tokenize(self, texts: Sequence[str], prompt: str = "") -> TokenizedTexts:
        """The ids of the texts, each behind the prompt."""
        prompt_ids = self._encode([prompt])[0] if prompt else []
        return TokenizedTexts.join(
            [
                self._tokenize_slice([prompt + text for text in texts[part]], prompt_ids)
                for part in _slices(texts)
            ]
        )

    def _tokenize_slice(self, texts: list[str], prompt_ids: list[int]) -> TokenizedTexts:
        rows, is_whole = self._read(texts)
        prompts = [shared_start(row, prompt_ids) for row in rows]
        kept = [
            self.long_texts.keep(row, self.room, shared)
            for row, shared in zip(rows, prompts, strict=True)
        ]
        lengths = np.fromiter(map(len, rows), np.int32, len(rows))
        kept_lengths = np.fromiter(map(len, kept), np.int32, len(kept))
        read = TokenRows(
            ids=np.fromiter(chain.from_iterable(kept), np.int32),
            offsets=np.cumsum([0, *kept_lengths], dtype=np.int64),
            prompt_tokens=np.array(prompts, dtype=np.int32),
        )
        return TokenizedTexts(
            ids=read.ids,
            offsets=read.offsets,
            prompt_tokens=read.prompt_tokens,
            n_tokens=np.where(is_whole, lengths + len(self.template), -1).astype(np.int32),
            truncated=(lengths > kept_lengths) | ~is_whole,
            n_unknown=read.count_of(self.unknown),
        )

    def _read(self, texts: list[str]) -> tuple[list[list[int]], BoolArray]:
        """The ids of each text, and whether they are all; of a huge text those that are kept."""
        reader = HugeTexts(self._encode, self.max_tokens, self.long_texts.most_ids(self.room))
        is_huge = [reader.is_huge(text) for text in texts]
        heads = [
            cut_at_space(text, reader.first_size) if huge else text
            for text, huge in zip(texts, is_huge, strict=True)
        ]
        rows = self._encode(heads)
        is_whole = ~np.array(is_huge, dtype=np.bool_)
        for i in np.flatnonzero(is_huge):
            rows[i], is_whole[i] = reader.grow_head(texts[i], rows[i])
            if (tail := self.long_texts.tail_tokens) and not is_whole[i]:
                rows[i] = rows[i][: self.room - tail] + reader.read_tail(texts[i], tail)
        return rows, is_whole

    def _encode(self, texts: list[str]) -> list[list[int]]:
        found = self.backend.encode_batch_fast(texts, add_special_tokens=False)
        return [encoding.ids for encoding in found]


def load_tokenizer(
    folder: ModelFolder, spec: EncoderSpec, max_tokens: int, *, long_texts: LongTexts = TRUNCATE
) -> TextTokenizer:
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
        long_texts=long_texts,
    )


def _slices(texts: Sequence[str]) -> Iterator[slice]:
    """Consecutive texts for one call of the tokenizer; one with too many characters is alone."""
    start = characters = 0
    for i, text in enumerate(texts):
        characters += len(text)
        if i > start and (i - start == SLICE_TEXTS or characters > SLICE_CHARACTERS):
            yield slice(start, i)
            start, characters = i, len(text)
    if texts:
        yield slice(start, len(texts))
