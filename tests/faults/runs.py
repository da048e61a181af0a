"""A run over the data room alone, in the order of tasks/step.py: no model, no Prefect, no torch.

What must come of it is told by tests/faults/accounts.py.
"""

import random
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa

from data import (
    Chunk,
    ChunkFailure,
    ChunkRows,
    CorpusSpec,
    Dataset,
    Plan,
    RunRecord,
    SealOutcome,
    SealRequest,
    commit,
    committed_chunks,
    discard_parts,
    new_attempt,
    newest_seal,
    pending_chunks,
    publish_catalog,
    read_chunks,
    read_record,
    resolve_dataset,
    save_run,
    seal_corpus,
)
from tests.commits import documents_of, space_tables, write_tables
from tests.faults.records import is_sound
from tests.stores import list_corpus

MOMENT = datetime(2026, 11, 21, tzinfo=UTC)


@dataclass(frozen=True)
class Run:
    """What a run was asked, and what it found before it began."""

    name: str
    plan: Plan
    seal_before: int
    documents: Dataset
    spaces: tuple[Dataset, ...]

    @property
    def datasets(self) -> tuple[Dataset, ...]:
        """Documents first."""
        return (self.documents, *self.spaces)

    def is_sound(self, store: Any) -> bool:
        """Nothing half is visible of what this run works on."""
        return is_sound(store, self.plan, *(each.name for each in self.datasets))

    def owes(self, store: Any) -> list[Chunk]:
        """Chunks that lack a record."""
        return pending_chunks(
            self.plan, [committed_chunks(store, each.name) for each in self.datasets]
        )


def begin_run(
    store: Any, corpus: CorpusSpec, *spaces: Dataset, name: str = "run", chunk_rows: int = 10
) -> Run:
    """List the corpus and name the datasets."""
    seal = newest_seal(store)
    plan = list_corpus(store, corpus, chunk_rows)
    return Run(
        name=name,
        plan=plan,
        seal_before=seal.number if seal else 0,
        documents=documents_of(store, plan),
        spaces=tuple(resolve_dataset(store, each) for each in spaces),
    )


def do_chunks(store: Any, run: Run, order: random.Random | None = None) -> list[str]:
    """Commit what is owed, in the plan's order or in another; why chunks failed."""
    chunks = run.owes(store)
    if order is not None:
        order.shuffle(chunks)
    failures = []
    for chunk in chunks:
        for rows in read_chunks(run.plan, [chunk]):
            if isinstance(rows, ChunkFailure):
                failures.append(rows.reason)
            else:
                do_chunk(store, run, rows)
    return failures


def do_chunk(store: Any, run: Run, rows: ChunkRows) -> None:
    """Write all parts, then create the records, documents first, as the step does."""
    attempt, name = new_attempt(), rows.chunk.name
    owed = [each for each in run.datasets if name not in committed_chunks(store, each.name)]
    if run.documents not in owed and _digest(store, run, name) != rows.digest:
        return
    tables = {
        each.name: (rows.documents, rows.rejects)
        if each == run.documents
        else space_tables(each, rows)
        for each in owed
    }
    written = [
        write_tables(store, each, rows, *tables[each], attempt=attempt) for each in reversed(tables)
    ]
    winners = []
    for record in reversed(written):
        winners.append(commit(store, record))
        if winners[0].texts_digest != rows.digest:
            for other in written:
                discard_parts(store, other)
            return


def _digest(store: Any, run: Run, chunk: str) -> str:
    return read_record(store, run.documents.name, chunk).texts_digest


def end_run(store: Any, run: Run) -> SealOutcome:
    """Seal, keep the run's record, build the catalog."""
    outcome = seal_run(store, run)
    record = RunRecord(
        run=run.name, state="incomplete" if outcome.owed else "completed",
        corpus=run.plan.corpus.name, plan=run.plan.name, spaces=(),
        started_at=MOMENT, ended_at=MOMENT, asked={},
    )  # fmt: skip
    save_run(store, record)
    publish_catalog(store)
    return outcome


def seal_run(store: Any, run: Run) -> SealOutcome:
    """Seal what is committed."""
    request = SealRequest(
        corpus=run.plan.corpus.name,
        plan=run.plan.name,
        seal_before=run.seal_before,
        documents=run.documents.name,
        spaces=tuple(each.name for each in run.spaces),
        run=run.name,
    )
    return seal_corpus(store, request)


def whole_run(store: Any, corpus: CorpusSpec, *spaces: Dataset, **settings: Any) -> SealOutcome:
    """Begin, do all chunks and end."""
    run = begin_run(store, corpus, *spaces, **settings)
    do_chunks(store, run)
    return end_run(store, run)


def texts_of(numbers: range) -> pa.Array:
    """Texts of which every fifth is null or blank, and every seventh repeats."""
    blank = {0: None, 5: "  "}
    return pa.array([blank.get(n % 10, f"text {n % 7 and n}") for n in numbers], pa.string())
