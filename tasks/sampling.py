"""A sample of a corpus's texts, the same however its rows are ordered, cut into files or repeated.

Knows how a corpus is read whole. Keeps places in memory, no texts.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import polars as pl
import pyarrow as pa
from pydantic import JsonValue

from data import Chunk, ChunkFailure, ChunkRows, Plan, read_chunks

RULE = "smallest text hashes"


@dataclass(frozen=True, slots=True)
class TextSample:
    """The distinct texts with the smallest hashes: who they are depends on the texts alone.

    `places` has a row for each, ascending by hash: `text_hash`, `chunk` and `position` among the
    chunk's documents.
    """

    places: pl.DataFrame

    def about(self) -> dict[str, JsonValue]:
        """What tells this sample from any other, for what is fitted on it."""
        digest = hashlib.blake2b(b"".join(self.places["text_hash"]), digest_size=16)
        return {"rule": RULE, "texts": len(self.places), "digest": digest.hexdigest()}

    def texts(self, plan: Plan) -> Iterator[list[str]]:
        """The texts, chunk by chunk of the plan, which is read a second time."""
        wanted = self.places.partition_by("chunk", as_dict=True)
        chunks = [chunk for chunk in plan.chunks if (chunk.name,) in wanted]
        for rows in read_whole(plan, chunks):
            positions = wanted[(rows.chunk.name,)]["position"].sort().to_arrow()
            yield rows.texts.take(positions).to_pylist()


def sample_texts(plan: Plan, size: int) -> TextSample:
    """At most so many of the plan's texts; all of its rows are read and hashed for it.

    Raises:
        ValueError: not everything can be read, or there is no text.
    """
    places = pl.DataFrame(schema={"text_hash": pl.Binary, "chunk": pl.String, "position": pl.Int64})
    for rows in read_whole(plan):
        hashes = rows.documents["text_hash"].combine_chunks().cast(pa.binary())
        found = pl.DataFrame({"text_hash": pl.Series(hashes, dtype=pl.Binary)})
        found = found.with_columns(
            chunk=pl.lit(rows.chunk.name), position=pl.int_range(pl.len(), dtype=pl.Int64)
        )
        distinct = pl.concat([places, found]).unique("text_hash", keep="first", maintain_order=True)
        places = distinct.sort("text_hash").head(size)
    if places.is_empty():
        raise ValueError(f"corpus {plan.corpus.name!r} has no text at {plan.corpus.path}.")
    return TextSample(places)


def read_whole(plan: Plan, chunks: Sequence[Chunk] | None = None) -> Iterator[ChunkRows]:
    """Every chunk of the plan, or those named, in order: what is fitted is fitted on all or none.

    Raises:
        ValueError: a file or a chunk cannot be read.
    """
    problems = [f"{file.path}: {file.reason}" for file in plan.unreadable]
    if problems:
        raise ValueError(_unreadable(plan, "; ".join(problems)))
    for rows in read_chunks(plan, plan.chunks if chunks is None else chunks):
        if isinstance(rows, ChunkFailure):
            raise ValueError(_unreadable(plan, f"{rows.chunk.place}: {rows.reason}"))
        yield rows


def _unreadable(plan: Plan, problem: str) -> str:
    return (
        f"corpus {plan.corpus.name!r} cannot be read whole ({problem}), and what is fitted on a "
        "part of it would have its name. Mend the file, or set corpus.path to what can be read."
    )
