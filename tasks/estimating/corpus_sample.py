"""A sample of what a run owes: texts spread over the corpus, and what reading them showed.

Knows chunks, rejects and what is stored already. Loads no model. Memory holds one chunk, the
hashes of those that were read, and the texts that were drawn.
"""

import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from data import (
    Chunk,
    ChunkFailure,
    ChunkRows,
    Plan,
    Reuse,
    find_reuse,
    read_chunks,
    store_at,
)
from tasks.assembly import Assembly
from tasks.estimating.sample import ChunkReading, Sample, Share, as_rows, evenly, without_texts
from tasks.job import EmbedJob
from tasks.owed import Owed

NUM_SHARES = 4
NUM_PLACES = 16
_BYTES_A_PLACE = 4_000_000


@dataclass(frozen=True, slots=True)
class Draw:
    """Some texts of one place, as a chunk of their own; `position` is theirs in their chunk."""

    share: int
    position: np.ndarray
    documents: pa.Table
    texts: pa.LargeStringArray


def draw_sample(
    plan: Plan, job: EmbedJob, owed: Mapping[str, Owed], *, texts: int, seconds: float
) -> Sample:
    """Texts of up to 16 places, equally far apart in the rows that are owed.

    Their chunks are read whole, so that duplicates and rejects are counted and not guessed. When
    the time is over no further one is begun; the places read by then are spread, too.
    """
    chunks = [chunk for chunk in plan.chunks if chunk.name in owed]
    readings: list[ChunkReading] = []
    draws: list[list[Draw]] = []
    unread: list[str] = []
    started = time.perf_counter()
    for chunk, shares in _spread(chunks):
        if readings and time.perf_counter() - started > seconds:
            break
        begun = time.perf_counter()
        (found,) = read_chunks(plan, [chunk])
        if isinstance(found, ChunkFailure):
            unread.append(found.reason)
            continue
        reasons = Counter(found.rejects["reason"].to_pylist())
        took = time.perf_counter() - begun
        readings.append(ChunkReading(without_texts(found), len(shares), reasons, took))
        draws.append(list(_draw(found, shares, -(-texts // NUM_PLACES))))
    return Sample(tuple(_shares(job, owed, readings, draws)), tuple(readings), tuple(unread))


def _spread(chunks: Sequence[Chunk]) -> Iterator[tuple[Chunk, list[int]]]:
    """Each chunk to be read, and the share of each place in it.

    The places of the first share come first, so that the first chunks are far apart.
    """
    ends = np.cumsum([chunk.rows for chunk in chunks])
    rows = (np.arange(NUM_PLACES) + 0.5) / NUM_PLACES * ends[-1]
    index = np.searchsorted(ends, rows, side="right")
    order = np.argsort(np.arange(NUM_PLACES) % NUM_SHARES, kind="stable")
    for number in dict.fromkeys(index[order].tolist()):
        places = np.flatnonzero(index == number)
        yield chunks[number], (places % NUM_SHARES).tolist()


def _draw(found: ChunkRows, shares: Sequence[int], count: int) -> Iterator[Draw]:
    """For each place its stretch of the chunk, and of this some texts equally far apart."""
    firsts = np.flatnonzero(found.first == np.arange(len(found.first)))
    for share, stretch in zip(shares, np.array_split(firsts, len(shares)), strict=True):
        position = stretch[evenly(len(stretch), count)]
        texts = found.texts.take(pa.array(position))
        sizes = np.cumsum([len(text) for text in texts.to_pylist()])
        fitting = max(1, int(np.searchsorted(sizes, _BYTES_A_PLACE)))
        documents = found.documents.take(pa.array(position[:fitting]))
        yield Draw(share, position[:fitting], documents, texts[:fitting])


def _shares(
    job: EmbedJob,
    owed: Mapping[str, Owed],
    readings: Sequence[ChunkReading],
    draws: Sequence[Sequence[Draw]],
) -> Iterator[Share]:
    """One look into the catalog tells which of the texts need the model."""
    if not readings:
        return
    reuse = _find_reuse(job, [reading.rows for reading in readings])
    assemblies = [
        Assembly(reading.rows, owed[reading.rows.chunk.name].spaces, reuse) for reading in readings
    ]
    for number in range(NUM_SHARES):
        some = [
            (reading, assembly, draw)
            for reading, assembly, its in zip(readings, assemblies, draws, strict=True)
            for draw in its
            if draw.share == number
        ]
        if not some:
            continue
        kept = [(draw, np.isin(draw.position, assembly.missing)) for _, assembly, draw in some]
        documents = [draw.documents.filter(pa.array(is_new)) for draw, is_new in kept]
        texts = [draw.texts.filter(pa.array(is_new)) for draw, is_new in kept]
        yield Share(
            rows=as_rows(
                pa.concat_tables(documents, promote_options="permissive"), pa.concat_arrays(texts)
            ),
            texts_a_row=_mean([a.num_encoded / r.rows.chunk.rows for r, a, _ in some]),
            reused_a_row=_mean([a.num_reused / r.rows.chunk.rows for r, a, _ in some]),
            documents_a_row=_mean([r.documents_a_row for r, _, _ in some]),
        )


def _find_reuse(job: EmbedJob, rows: Sequence[ChunkRows]) -> Reuse:
    datasets = [space.dataset for space in job.spaces]
    hashes = (each.documents["text_hash"].combine_chunks() for each in rows)
    return find_reuse(store_at(job.store.path), datasets, hashes)


def _mean(values: Sequence[float]) -> float:
    return float(np.mean(values))
