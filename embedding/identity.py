"""Tell one encoder from another by its content. Reads files; loads no weights into memory.

The same folder elsewhere, or the same weights on another device, is the same encoder.
"""

import hashlib
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict

from embedding.architecture import Architecture, read_architecture
from embedding.defaults import resolve_long_texts, resolve_max_tokens, resolve_prompt
from embedding.folder import ModelFolder, list_weights, open_folder
from embedding.long_texts import TRUNCATE, HeadTail, LongTexts, Windows
from embedding.spec import Dtype, EncoderSpec


class EncoderIdentity(BaseModel):
    """All that an encoder's vectors depend on, apart from the text and the pooling.

    Attributes:
        weights: sha256 of the weights; of a single file it is the file's own.
        config: sha256 of the config, and of the folder's Python code if that may run.
        tokenizer: sha256 of the tokenizer's files.
        dense: One sha256 for each Dense layer, config and weights.
        max_tokens: How much is read at once.
        long_texts: What is read of longer texts; a bare word where they are cut off.
        prompt: Put before every document.
        dtype: In which the encoder computes.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    weights: str
    config: str
    tokenizer: str
    dense: tuple[str, ...]
    max_tokens: int
    long_texts: Literal["truncate"] | HeadTail | Windows = "truncate"
    prompt: str
    dtype: Dtype

    @property
    def reads(self) -> LongTexts:
        """How long texts are read."""
        return TRUNCATE if self.long_texts == "truncate" else self.long_texts


def identify_encoder(spec: EncoderSpec) -> EncoderIdentity:
    """The identity of the spec's encoder; hashing takes a second for each GB of weights.

    Raises:
        ValueError: The folder is not one of an encoder that can be loaded, or leaves no room for
            what the spec says of long texts.
    """
    folder = open_folder(spec)
    return identify_folder(spec, folder, read_architecture(folder, spec))


def identify_folder(
    spec: EncoderSpec, folder: ModelFolder, architecture: Architecture
) -> EncoderIdentity:
    """The same, of a folder that is open already."""
    code = sorted(folder.transformer.glob("*.py")) if spec.trust_remote_code else []
    lower_case = "lower" if folder.lengths.get("do_lower_case") else "as written"
    max_tokens = resolve_max_tokens(spec, folder, architecture)
    return EncoderIdentity(
        weights=_hash_files(folder.weight_files()),
        config=_hash_files([folder.transformer / "config.json", *code]),
        tokenizer=_hash_words([_hash_files(folder.tokenizer_files()), lower_case]),
        dense=tuple(
            _hash_files([path / "config.json", *list_weights(path, f"Dense layer {path.name}")])
            for path in folder.dense
        ),
        max_tokens=max_tokens,
        long_texts=resolve_long_texts(spec, folder, max_tokens),
        prompt=resolve_prompt(spec, folder),
        dtype=spec.dtype,
    )


def _hash_files(paths: Sequence[Path]) -> str:
    """sha256 of one file; of several, the sha256 of their names and hashes."""
    stats = [path.stat() for path in paths]
    hashes = [
        _hash_file(path.resolve(), stat.st_size, stat.st_mtime_ns)
        for path, stat in zip(paths, stats, strict=True)
    ]
    if len(paths) == 1:
        return hashes[0]
    return _hash_words([word for p, h in zip(paths, hashes, strict=True) for word in (p.name, h)])


def _hash_words(words: Sequence[str]) -> str:
    return hashlib.sha256("\n".join(words).encode()).hexdigest()


@lru_cache(maxsize=256)
def _hash_file(path: Path, size_bytes: int, mtime_ns: int) -> str:
    """sha256 of the content; size and time are there so that a rewritten file is read again."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
