"""Which texts are trained on, in which fold, and which are only tested on.

Knows texts and their strata. Does not know what the strata mean.
"""

import hashlib
from collections.abc import Sequence
from typing import Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

OnTrouble = Literal["refuse", "drop"]


class SplitSpec(BaseModel):
    """How labelled rows are split, and what becomes of rows that cannot be used."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    task: Literal["auto", "single_label", "multi_label"] = Field(
        default="auto", description="By the label column: multi_label if it holds lists"
    )
    labels: tuple[str, ...] = Field(
        default=(),
        description="The labels in their order; those found, sorted, where none is given",
    )
    test_share: float = Field(
        default=0.2, gt=0, lt=1, description="Share of texts to test on; a split column wins"
    )
    num_folds: int = Field(default=3, ge=2, description="Folds for out-of-fold predictions")
    salt: str = Field(default="poolhouse", description="Another salt is another split")
    min_label_rows: int = Field(
        default=5, ge=4, description="Different texts that a label needs, with it and without it"
    )
    on_missing: OnTrouble = Field(
        default="refuse", description="Rows without a label: refuse, or drop and count them"
    )
    on_rare: OnTrouble = Field(
        default="refuse", description="Labels of too few texts: refuse, or drop and count them"
    )
    on_unknown: OnTrouble = Field(
        default="refuse",
        description="Labels not in `labels`, or only in the test: refuse, or drop and count",
    )


TEST = -1


def assign_folds(
    texts: Sequence[str], stratum: np.ndarray, is_test: np.ndarray | None, spec: SplitSpec
) -> np.ndarray:
    """The fold of each text, -1 to test on; `is_test` None: the test is chosen here as well.

    Each text must be given once. In each stratum the texts stand in the order of their hashes;
    the first are tested on, and the rest is cut into folds. So the order of rows is nothing to
    the split, and where some are added only texts at the borders change sides.
    """
    hashes = _hash_texts(texts, spec.salt)
    if is_test is None:
        rank, size = _ranks(hashes, stratum)
        is_test = rank < _num_test(size, spec)
    train = np.flatnonzero(~is_test)
    rank, size = _ranks(hashes[train], stratum[train])
    fold = np.full(len(texts), TEST)
    # The folds of small strata begin at different ones, or the first would have all the rare.
    fold[train] = (rank * spec.num_folds // size + stratum[train]) % spec.num_folds
    return fold


def _num_test(size: np.ndarray, spec: SplitSpec) -> np.ndarray:
    """How many of a stratum are tested on: of one that can be split, 1 at least, not all but 1."""
    share = np.rint(size * spec.test_share)
    return np.where(size < spec.min_label_rows, share, np.clip(share, 1, size - 2))


def _hash_texts(texts: Sequence[str], salt: str) -> np.ndarray:
    digests = (hashlib.blake2b((salt + text).encode(), digest_size=8).digest() for text in texts)
    return np.frombuffer(b"".join(digests), ">u8")


def _ranks(hashes: np.ndarray, stratum: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Of each text: how many of its stratum stand before it, and how many there are."""
    order = np.lexsort((hashes, stratum))
    sizes = np.bincount(stratum)
    starts = np.cumsum(sizes) - sizes
    rank = np.empty(len(stratum), np.int64)
    rank[order] = np.arange(len(stratum)) - starts[stratum[order]]
    return rank, sizes[stratum]
