"""Vectors for every row of a chunk, group by group: encoded, reused, or shared by duplicates.

Knows which text needs the model. Keeps in memory one group, and the vectors of earlier texts that
occur again further on.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
import pyarrow as pa

from data import ChunkRows, Reuse
from embedding import EncodedTexts
from pooling import PoolingSpec
from tasks.job import SpaceJob

GROUP_ROWS = 8192

# Groups of texts and poolings in, one result per group out.
Encode = Callable[[Iterable[Sequence[str]], Sequence[PoolingSpec]], Iterator[EncodedTexts]]


@dataclass(frozen=True, slots=True)
class TextVectors:
    """What is known of some distinct texts, ascending by the position of their first document.

    `vectors` has one [n, dimension] array per space, `bad` says which of them mean nothing.
    `n_tokens` and `n_unknown` are -1 where they were never counted.
    """

    position: np.ndarray
    n_tokens: np.ndarray
    n_unknown: np.ndarray
    truncated: np.ndarray
    n_windows: np.ndarray
    no_tokens: np.ndarray
    vectors: tuple[np.ndarray, ...]
    bad: tuple[np.ndarray, ...]

    def take(self, index: np.ndarray) -> "TextVectors":
        """The entries at these indices; itself, uncopied, when these are all in order."""
        if len(index) == len(self.position) and (index == np.arange(len(index))).all():
            return self
        return TextVectors(
            self.position[index],
            self.n_tokens[index],
            self.n_unknown[index],
            self.truncated[index],
            self.n_windows[index],
            self.no_tokens[index],
            tuple(vectors[index] for vectors in self.vectors),
            tuple(bad[index] for bad in self.bad),
        )


@dataclass(frozen=True, slots=True)
class Group:
    """Consecutive documents of a chunk with their vectors, and what the model did for them."""

    start: int
    texts: TextVectors
    encoded: EncodedTexts | None


class Assembly:
    """The way of one chunk from texts to vectors."""

    def __init__(self, rows: ChunkRows, spaces: Sequence[SpaceJob], reuse: Reuse) -> None:
        """Decide which texts need the model: those that any of the spaces lacks."""
        self._rows, self.spaces, self._reuse = rows, spaces, reuse
        count = len(rows.first)
        firsts = np.flatnonzero(rows.first == np.arange(count))
        hashes = rows.documents["text_hash"].combine_chunks().take(pa.array(firsts))
        self._places = [reuse.locate(space.dataset, hashes) for space in spaces]
        found = [places["part"].is_not_null().to_numpy() for places in self._places]
        is_known = np.logical_and.reduce([np.ones(len(firsts), bool), *found])
        self._known = firsts[is_known]
        self._known_places = [places.filter(pl.Series(is_known)) for places in self._places]
        self.missing = firsts[~is_known]
        self._last_use = np.zeros(count, np.int64)
        np.maximum.at(self._last_use, rows.first, np.arange(count))

    @property
    def num_encoded(self) -> int:
        """Texts that go through the model."""
        return len(self.missing)

    @property
    def num_reused(self) -> int:
        """Texts whose vectors exist already."""
        return len(self._known)

    def groups(self, load: Callable[[], Encode]) -> Iterator[Group]:
        """The chunk's documents in order, none if no space lacks them.

        The encoder is loaded only if a text needs it.
        """
        if not self.spaces:
            return
        starts = range(0, len(self._rows.first), GROUP_ROWS)
        missing = [_between(self.missing, start) for start in starts]
        encoded = self._encode([some for some in missing if len(some)], load)
        kept: list[TextVectors] = []
        for start, some in zip(starts, missing, strict=True):
            result = next(encoded) if len(some) else None
            pieces = [*kept, *self._reused(start)]
            if result is not None:
                pieces.append(_fresh(some, result))
            texts = _join(pieces)
            wanted = self._rows.first[start : start + GROUP_ROWS]
            yield Group(start, texts.take(np.searchsorted(texts.position, wanted)), result)
            later = np.flatnonzero(self._last_use[texts.position] >= start + GROUP_ROWS)
            kept = [texts.take(later)] if len(later) else []

    def _encode(
        self, missing: Sequence[np.ndarray], load: Callable[[], Encode]
    ) -> Iterator[EncodedTexts]:
        if not missing:
            return iter(())
        groups = (self._rows.texts.take(pa.array(some)).to_pylist() for some in missing)
        return load()(groups, [space.pooling for space in self.spaces])

    def _reused(self, start: int) -> list[TextVectors]:
        inside = (self._known >= start) & (self._known < start + GROUP_ROWS)
        position = self._known[inside]
        if not len(position):
            return []
        stored = [
            self._reuse.read(places.filter(pl.Series(inside)), space.dimension)
            for places, space in zip(self._known_places, self.spaces, strict=True)
        ]
        none = np.zeros(len(position), bool)
        return [
            TextVectors(
                position=position,
                n_tokens=stored[0].n_tokens,
                n_unknown=stored[0].n_unknown,
                truncated=stored[0].truncated,
                n_windows=stored[0].n_windows,
                no_tokens=none,
                vectors=tuple(each.vectors for each in stored),
                bad=(none,) * len(stored),
            )
        ]


def _between(positions: np.ndarray, start: int) -> np.ndarray:
    return positions[(positions >= start) & (positions < start + GROUP_ROWS)]


def _fresh(position: np.ndarray, result: EncodedTexts) -> TextVectors:
    return TextVectors(
        position=position,
        n_tokens=result.n_tokens,
        n_unknown=result.n_unknown,
        truncated=result.truncated,
        n_windows=result.n_windows,
        no_tokens=result.no_tokens,
        vectors=result.vectors,
        bad=result.bad,
    )


def _join(pieces: Sequence[TextVectors]) -> TextVectors:
    if len(pieces) == 1:
        return pieces[0]
    joined = TextVectors(
        position=np.concatenate([piece.position for piece in pieces]),
        n_tokens=np.concatenate([piece.n_tokens for piece in pieces]),
        n_unknown=np.concatenate([piece.n_unknown for piece in pieces]),
        truncated=np.concatenate([piece.truncated for piece in pieces]),
        n_windows=np.concatenate([piece.n_windows for piece in pieces]),
        no_tokens=np.concatenate([piece.no_tokens for piece in pieces]),
        vectors=_join_each([piece.vectors for piece in pieces]),
        bad=_join_each([piece.bad for piece in pieces]),
    )
    return joined.take(np.argsort(joined.position))


def _join_each(pieces: Sequence[tuple[np.ndarray, ...]]) -> tuple[np.ndarray, ...]:
    """The arrays of each space, one after another."""
    return tuple(np.concatenate(each) for each in zip(*pieces, strict=True))
