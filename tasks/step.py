"""The step that joins the rooms: read, reuse, encode, verify, write, commit. A plain function.

Knows the order, and what is owed. Knows no Prefect: the task in tasks/embed_chunks.py calls it, and
so do tests.
"""

import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack

from data import (
    Chunk,
    ChunkFailure,
    ChunkRows,
    ChunkStatistics,
    DamagedPart,
    OpenStore,
    Plan,
    Record,
    Reuse,
    commit,
    discard_parts,
    find_reuse,
    learn_recent,
    load_plan,
    new_attempt,
    open_existing_store,
    read_chunks,
    read_record,
)
from embedding import choose_device
from tasks.assembly import Assembly, Group
from tasks.encoders import job_encode, job_encoder
from tasks.in_work import IN_WORK
from tasks.job import ChunkReceipt, EmbedJob, failed_receipt
from tasks.outputs import SpaceOutput, open_space_output, write_documents
from tasks.owed import Owed, owed_chunks, read_receipt
from tasks.side_by_side import side_by_side

_CHANGED = "the file was changed after its documents were committed. Run again to plan it anew."


class _Made:
    """What the model did for one chunk; its numbers only, no vectors are kept."""

    def __init__(self) -> None:
        self.encoded = self.truncated = self.unknown = self.content = 0
        self.device_seconds = self.wait_seconds = 0.0

    def add(self, group: Group) -> None:
        """Count a group; duplicates count as truncated like the text that they repeat."""
        self.truncated += int(group.texts.truncated.sum())
        if group.encoded is not None:
            result = group.encoded
            self.encoded += int((~result.no_tokens).sum())
            self.unknown += int(result.n_unknown.sum())
            self.content += result.n_content
            self.device_seconds += result.device_seconds
            self.wait_seconds += result.wait_seconds


def embed_step(job: EmbedJob, names: Sequence[str]) -> Iterator[ChunkReceipt]:
    """Bring the named chunks of the plan to all datasets of the job that lack them.

    A receipt comes after each chunk, and the chunk is committed by then; a chunk whose source
    cannot be read as planned, or that holds a text too large for the device, gives a receipt that
    says so, and the others go on. What was committed since the plan was made, such as by an earlier
    try of the same task, gives its receipt from the records.
    """
    store = open_existing_store(job.store.path)
    plan = load_plan(store, job.plan)
    owed, asked = owed_chunks(store, job, names), set(names)
    chunks = [chunk for chunk in plan.chunks if chunk.name in owed]
    for chunk in plan.chunks:
        if chunk.name in asked and chunk.name not in owed:
            yield read_receipt(store, job, chunk)
    reuse = _find_reuse(store, job, plan, chunks)

    def embed(rows: ChunkRows | ChunkFailure) -> ChunkReceipt:
        if isinstance(rows, ChunkFailure):
            return failed_receipt(rows.chunk, rows.reason, is_unreadable=rows.is_unreadable)
        return embed_rows(store, job, rows, owed[rows.chunk.name], reuse)

    started = time.perf_counter()
    for receipt in side_by_side(embed, read_chunks(plan, chunks), chunks_at_once(job)):
        now = time.perf_counter()
        yield receipt.model_copy(update={"seconds": now - started})
        started = now


def chunks_at_once(job: EmbedJob) -> int:
    """Two where a GPU computes: while it has one, the host reads, tokenises or writes another.

    On a CPU the same cores would do both.
    """
    return 1 if choose_device(job.encoder.device) == "cpu" else 2


def _find_reuse(store: OpenStore, job: EmbedJob, plan: Plan, chunks: Sequence[Chunk]) -> Reuse:
    """Read the chunks for their hashes alone, so that one scan of the catalog serves them all.

    What the run has committed already is not in there yet, and is looked up beside it.
    """
    hashes = (
        rows.documents["text_hash"].combine_chunks()
        for rows in read_chunks(plan, chunks)
        if isinstance(rows, ChunkRows)
    )
    datasets = [space.dataset for space in job.spaces]
    reuse = find_reuse(store, datasets, hashes)
    if chunks:
        learn_recent(reuse, store, plan, datasets, chunks[0])
    return reuse


def embed_rows(
    store: OpenStore, job: EmbedJob, rows: ChunkRows, owed: Owed, reuse: Reuse
) -> ChunkReceipt:
    """Embed a chunk; a text that no budget fits fails its chunk, and the others go on."""
    try:
        return _embed_chunk(store, job, rows, owed, reuse)
    except DamagedPart:  # reuse has forgotten it: its texts are encoded now
        IN_WORK.note_end(rows.chunk.name)
        return embed_rows(store, job, rows, owed, reuse)
    except MemoryError as error:
        return failed_receipt(rows.chunk, f"{rows.chunk.place}: {error}")
    finally:
        IN_WORK.note_end(rows.chunk.name)


def _embed_chunk(
    store: OpenStore, job: EmbedJob, rows: ChunkRows, owed: Owed, reuse: Reuse
) -> ChunkReceipt:
    name = rows.chunk.name
    if not owed.documents and read_record(store, job.documents, name).texts_digest != rows.digest:
        return failed_receipt(rows.chunk, f"{rows.chunk.place}: {_CHANGED}")
    assembly = Assembly(rows, owed.spaces, reuse)
    attempt = new_attempt()
    made = _Made()
    outputs = _write_spaces(store, job, rows, assembly, made, attempt)
    records = [write_documents(store, job.documents, rows, attempt)] if owed.documents else []
    statistics = ChunkStatistics(
        tokens=made.content,
        truncated=made.truncated,
        encoded=made.encoded,
        reused=assembly.num_reused,
        duplicates=rows.documents.num_rows - assembly.num_encoded - assembly.num_reused,
    )
    records += [output.record(store, rows, attempt, statistics) for output in outputs]
    winners = _commit(store, records, rows.digest)
    if winners is None:
        return failed_receipt(rows.chunk, f"{rows.chunk.place}: {_CHANGED}")
    reuse.learn(winner for winner in winners if winner.dataset != job.documents)
    is_ours = any(winner.attempt == attempt for winner in winners)
    budget = job_encoder(job).token_budget if assembly.num_encoded else None
    return ChunkReceipt(
        chunk=name,
        place=rows.chunk.place,
        rows=rows.chunk.rows,
        documents=rows.documents.num_rows if is_ours else 0,
        rejected=rows.rejects.num_rows if is_ours and owed.documents else 0,
        without_vector=max((output.rejected for output in outputs), default=0) if is_ours else 0,
        unknown_tokens=made.unknown,
        content_tokens=made.content,
        device_seconds=made.device_seconds,
        wait_seconds=made.wait_seconds,
        token_budget=budget,
        is_committed=is_ours,
        **statistics.model_dump(),
    )


def _write_spaces(
    store: OpenStore, job: EmbedJob, rows: ChunkRows, assembly: Assembly, made: _Made, attempt: str
) -> list[SpaceOutput]:
    """Write every group to the parts of all spaces, which are closed and synced afterwards."""
    with ExitStack() as stack:
        outputs = [
            stack.enter_context(open_space_output(store, space, rows.chunk.name, attempt))
            for space in assembly.spaces
        ]
        for group in assembly.groups(lambda: job_encode(job)):
            made.add(group)
            for number, output in enumerate(outputs):
                output.append(rows, group, number)
            IN_WORK.note_group(rows.chunk.name, len(group.texts.position))
    return outputs


def _commit(store: OpenStore, records: Sequence[Record], digest: str) -> list[Record] | None:
    """Create the records, documents first; None if others committed other texts for this chunk."""
    winners = []
    for record in records:
        winners.append(commit(store, record))
        if winners[0].texts_digest != digest:
            for other in records:
                discard_parts(store, other)
            return None
    return winners
