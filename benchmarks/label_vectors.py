"""Vectors of labelled texts in several poolings, from one pass, kept in an ignored folder.

Knows the encoder and a cache that is named by all that a vector depends on. Knows no labels.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from benchmarks.results import CACHE, console
from embedding import EncoderSpec, load_encoder
from pooling import PoolingSpec

VECTORS = CACHE / "label_vectors"
GROUP_TEXTS = 8_192
LAST_FOUR = (-4, -3, -2, -1)
# The poolings that are compared, by the names that the tables show.
POOLINGS: dict[str, PoolingSpec] = {
    "cls": PoolingSpec(strategy="cls"),
    "mean": PoolingSpec(strategy="mean"),
    "max": PoolingSpec(strategy="max"),
    "min": PoolingSpec(strategy="min"),
    "max_min": PoolingSpec(strategy="max_min"),
    "last-4 mean": PoolingSpec(layers=LAST_FOUR),
    "last-4 concat": PoolingSpec(layers=LAST_FOUR, combine="concat"),
}


def embed_texts(
    texts: Sequence[str], encoder: EncoderSpec, poolings: Mapping[str, PoolingSpec]
) -> dict[str, np.ndarray]:
    """One array [texts, dimension] for each pooling; what the cache lacks is encoded in one pass.

    The arrays are mapped files: rows are read when they are taken.
    """
    paths = {name: _path(texts, encoder, pooling) for name, pooling in poolings.items()}
    missing = {name: poolings[name] for name, path in paths.items() if not path.exists()}
    if missing:
        _encode(texts, encoder, [(missing[name], paths[name]) for name in missing])
    return {name: np.load(path, mmap_mode="r") for name, path in paths.items()}


def _encode(
    texts: Sequence[str], encoder: EncoderSpec, wanted: Sequence[tuple[PoolingSpec, Path]]
) -> None:
    console.print(f"embedding {len(texts):,} texts in {len(wanted)} poolings ...", style="dim")
    groups = (texts[start : start + GROUP_TEXTS] for start in range(0, len(texts), GROUP_TEXTS))
    found = load_encoder(encoder).encode_groups(groups, [pooling for pooling, _ in wanted])
    pieces: list[tuple[np.ndarray, ...]] = [result.vectors for result in found]
    for number, (_, path) in enumerate(wanted):
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_suffix(".unfinished.npy")
        np.save(unfinished, np.concatenate([vectors[number] for vectors in pieces]))
        unfinished.rename(path)


def _path(texts: Sequence[str], encoder: EncoderSpec, pooling: PoolingSpec) -> Path:
    """Named by the texts, the encoder and the pooling; a model folder is known by its path."""
    digest = hashlib.blake2b(digest_size=8)
    for text in texts:
        digest.update(text.encode())
        digest.update(b"\0")
    settings = [encoder.model_dump(mode="json", exclude={"device"}), pooling.identity()]
    digest.update(json.dumps(settings, sort_keys=True).encode())
    return VECTORS / f"{digest.hexdigest()}.npy"
