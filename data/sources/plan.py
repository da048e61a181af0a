"""A plan: one whole listing of a corpus, cut into chunks with deterministic ids.

Knows files, row groups and what a chunk is. Does not know what is committed, or what a space is.
"""

import math
from collections.abc import Sequence

import pyarrow as pa
from pydantic import BaseModel, ConfigDict

from data.lineage import canonical_json, fingerprint
from data.sources.chunks import Chunk, cut_spans, make_chunk, shorten
from data.sources.corpus import CorpusSpec
from data.sources.listing import ListedFiles, list_files, printable
from data.sources.parquet_file import UnreadableSource
from data.sources.source_file import SourceFile, inspect_file
from data.stores.store import Store, read_bytes

_FROZEN = ConfigDict(frozen=True, extra="forbid")


class UnreadableFile(BaseModel):
    """A file that could not be planned, and why."""

    model_config = _FROZEN

    path: str
    reason: str


class Plan(BaseModel):
    """A listing of a corpus; equal content has an equal name."""

    model_config = _FROZEN

    corpus: CorpusSpec
    root: str
    files: tuple[SourceFile, ...]
    chunks: tuple[Chunk, ...]
    unreadable: tuple[UnreadableFile, ...] = ()
    passed_over: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """20 hex digits of the content's hash."""
        return fingerprint(self)[:20]

    @property
    def rows(self) -> int:
        """Rows of all chunks."""
        return sum(chunk.rows for chunk in self.chunks)


def make_plan(corpus: CorpusSpec, *, chunk_rows: int, chunk_bytes: int) -> Plan:
    """List the corpus, look at every file, and cut the rows into chunks.

    Raises:
        ValueError: nothing matched, no file can be read, or there is no row.
    """
    listed = list_files(corpus.path)
    files, unreadable = _inspect_files(listed, corpus)
    if not files:
        reasons = "".join(f"\n  {file.path}: {file.reason}" for file in unreadable[:5])
        raise ValueError(
            f"corpus {corpus.name!r}: none of the {len(unreadable)} files at {corpus.path!r} "
            f"can be used:{reasons}"
        )
    chunks: list[Chunk] = []
    left = corpus.limit if corpus.limit is not None else math.inf
    for file in files:
        for span in cut_spans(file, chunk_rows=chunk_rows, chunk_bytes=chunk_bytes):
            if left > 0:
                chunks.append(make_chunk(file, shorten(span, left), corpus))
                left -= chunks[-1].rows
    if not chunks:
        raise ValueError(
            f"corpus {corpus.name!r}: the {len(files)} files at {corpus.path!r} hold no rows. "
            "Set corpus.path."
        )
    return Plan(
        corpus=corpus,
        root=listed.root,
        files=tuple(files),
        chunks=tuple(chunks),
        unreadable=tuple(unreadable),
        passed_over=listed.passed_over,
    )


def _inspect_files(
    listed: ListedFiles, corpus: CorpusSpec
) -> tuple[list[SourceFile], list[UnreadableFile]]:
    files, unreadable, schema = [], [], pa.schema([])
    for full in listed.paths:
        path = listed.relative(full)
        try:
            if path != printable(path):
                raise UnreadableSource("its name is not UTF-8. Rename it")
            file, carried = inspect_file(listed.filesystem, full, path, corpus)
            schema = _unify(schema, carried, path)
        except UnreadableSource as error:
            unreadable.append(UnreadableFile(path=printable(path), reason=str(error)))
        else:
            files.append(file)
    return files, unreadable


def _unify(schema: pa.Schema, carried: pa.Schema, path: str) -> pa.Schema:
    try:
        return pa.unify_schemas([schema, carried], promote_options="permissive")
    except pa.ArrowException as error:
        raise UnreadableSource(
            f"its carried columns have other types than those of the files before {path}: {error}"
        ) from error


def save_plan(store: Store, plan: Plan) -> None:
    """Keep the plan under its name; the same plan twice is one file."""
    store.create(f"plans/{plan.name}.json", canonical_json(plan.model_dump(mode="json")))


def load_plan(store: Store, name: str) -> Plan:
    """The plan of that name."""
    return Plan.model_validate_json(read_bytes(store, f"plans/{name}.json"))


def pending_chunks(plan: Plan, committed: Sequence[set[str]]) -> list[Chunk]:
    """The chunks that lack a record in at least one of the datasets asked for, in plan order."""
    return [chunk for chunk in plan.chunks if any(chunk.name not in names for names in committed)]
