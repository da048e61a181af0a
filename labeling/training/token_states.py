"""Keep what a frozen encoder says of texts for a pooling to learn from. Knows states, no labels.

States are in half precision, in memory while they fit into a stated number of bytes; else the
texts are read anew, group by group, each time they are asked for. Memory is bounded either way.
"""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from embedding import Encoder, TrainablePooling
from embedding.tokenized import LongArray
from embedding.windows import share_out
from pooling import PoolingSpec, TokenBatch
from pooling.segments import count_tokens

logger = logging.getLogger(__name__)

_BYTES = 2  # of a number in half precision


@dataclass(frozen=True, slots=True)
class FixedVectors:
    """Vectors of a pooling that has nothing to learn: they are made once, one for each text."""

    vectors: Tensor

    def batches(self, rows: LongArray, size: int) -> Iterator[tuple[LongArray, Tensor]]:
        """The rows in their order, so many at a time, with their vectors."""
        for start in range(0, len(rows), size):
            part = rows[start : start + size]
            yield part, self.vectors[torch.from_numpy(part).to(self.vectors.device)]


@dataclass(frozen=True, slots=True)
class TextStates:
    """The token states of some texts.

    Attributes:
        pieces: What came out of the encoder together; states in half precision.
        place: For each window, text after text: its piece, and its rows there from - to.
        first_window: Of each text; one more at the end.
    """

    pieces: list[TokenBatch]
    place: np.ndarray
    first_window: LongArray

    def batch_of(self, texts: LongArray) -> TokenBatch:
        """The tokens of some texts, in this order, with their windows numbered."""
        counts = self.first_window[texts + 1] - self.first_window[texts]
        number = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
        window = np.repeat(self.first_window[texts], counts) + number
        piece, start, stop = self.place[window].T
        chosen = [(self.pieces[p], slice(a, b)) for p, a, b in zip(piece, start, stop, strict=True)]
        states = torch.cat([tokens.states[part] for tokens, part in chosen])
        lengths = stop - start
        return TokenBatch(
            states=states,
            segment=_repeat(np.repeat(np.arange(len(texts)), counts), lengths, states.device),
            n=len(texts),
            ids=torch.cat([tokens.ids[part] for tokens, part in chosen]),
            counted=torch.ones(len(states), dtype=torch.bool, device=states.device),
            cls=_join_cls(chosen),
            window=None if (counts == 1).all() else _repeat(number, lengths, states.device),
        )


class FrozenStates:
    """The token states of texts, whatever the weights of the pooling are."""

    def __init__(self, trained: TrainablePooling, texts: Sequence[str], max_bytes: int) -> None:
        """Nothing is encoded yet.

        Raises:
            ValueError: A text has no token.
        """
        self._trained = trained
        self._tokenized = trained.tokenize(texts)
        self._most = trained.most_states(self._tokenized)
        self._state_bytes = _BYTES * trained.state_width
        self._max_states = max(1, max_bytes // self._state_bytes)
        self._kept: tuple[LongArray, TextStates] | None = None

    def keep(self, rows: LongArray) -> None:
        """Read these rows once for all, if their states fit into memory together."""
        num_states = int(self._most[rows].sum(dtype=np.int64))
        if num_states <= self._max_states:
            self._kept = self._read_sorted(rows)
        else:
            logger.info(
                "the states of %d tokens need %.1f GB: beyond states_bytes, so they are read anew "
                "in each epoch",
                num_states,
                num_states * self._state_bytes / 1e9,
            )

    def batches(self, rows: LongArray, size: int) -> Iterator[tuple[LongArray, TokenBatch]]:
        """The rows in their order, at most so many at a time, with their states."""
        groups = [slice(None)] if self._kept else share_out(self._most[rows], self._max_states)
        for group in groups:
            yield from self._batches_of(rows[group], size)

    def _batches_of(self, rows: LongArray, size: int) -> Iterator[tuple[LongArray, TokenBatch]]:
        """Of one group, whose states are gone again when the next group is read."""
        read, states = self._kept or self._read_sorted(rows)
        for start in range(0, len(rows), size):
            part = rows[start : start + size]
            yield part, states.batch_of(np.searchsorted(read, part))

    def _read_sorted(self, rows: LongArray) -> tuple[LongArray, TextStates]:
        ordered = np.sort(rows)
        return ordered, self._read(ordered)

    @torch.no_grad()
    def _read(self, rows: LongArray) -> TextStates:
        windows = self._trained.cut(self._tokenized, rows)
        place = np.zeros((len(windows.segment), 3), dtype=np.int64)
        pieces: list[TokenBatch] = []
        for found, piece in self._trained.run(windows.rows, _halve):
            lengths = count_tokens(piece.segment, piece.n).cpu().numpy()
            stop = np.cumsum(lengths)
            place[found] = np.stack([np.full_like(stop, len(pieces)), stop - lengths, stop], axis=1)
            pieces.append(piece)
        counts = np.bincount(windows.segment, minlength=len(rows))
        return TextStates(pieces, place, np.cumsum([0, *counts], dtype=np.int64))


def fixed_vectors(encoder: Encoder, texts: Sequence[str], pooling: PoolingSpec) -> FixedVectors:
    """The vectors of all texts under a pooling without weights.

    Raises:
        ValueError: A text has no token, or its vector is not finite.
    """
    vectors = torch.from_numpy(encoder.encode(texts, pooling))
    return FixedVectors(vectors.float().to(encoder.device))


def _halve(batch: TokenBatch, rows: LongArray) -> TokenBatch:
    """The states in half precision; those of a bfloat16 encoder are that already."""
    if batch.states.dtype == torch.bfloat16:
        return batch
    states = batch.states.half()
    if not states.isfinite().all():
        raise ValueError(
            f"{len(rows)} texts have token states beyond {torch.finfo(torch.float16).max:.0f}, "
            "which half precision does not hold. Set encoder.dtype to bfloat16."
        )
    return replace(batch, states=states)


def _repeat(values: np.ndarray, counts: np.ndarray, device: torch.device) -> Tensor:
    return torch.from_numpy(np.repeat(values, counts)).to(device)


def _join_cls(chosen: Sequence[tuple[TokenBatch, slice]]) -> Tensor | None:
    marks = [tokens.cls[part] for tokens, part in chosen if tokens.cls is not None]
    return torch.cat(marks) if marks else None
