"""The end of a run: add up the receipts, keep the run's record, seal and publish.

Knows receipts and the store. Always runs, whatever happened before: what is committed is published.
"""

from collections.abc import Iterator
from datetime import UTC, datetime

from prefect import task
from prefect.cache_policies import NO_CACHE
from pydantic import BaseModel, ConfigDict

from data import (
    CATALOG,
    RunRecord,
    SealOutcome,
    SealRequest,
    open_existing_store,
    publish_catalog,
    save_run,
    seal_corpus,
)
from tasks.job import ChunkReceipt
from tasks.plan_corpus import Work

_UNKNOWN_SHARE_TO_WARN_OF = 0.1
_COUNTS = (
    "documents",
    "rejected",
    "encoded",
    "reused",
    "duplicates",
    "tokens",
    "truncated",
    "device_seconds",
    "wait_seconds",
)


class RunSummary(BaseModel):
    """What a run did, for its caller and for the tables that people read."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    run: str
    corpus: str
    catalog: str
    seal: int
    is_complete: bool
    planned_documents: int
    chunks: int
    documents: int
    rejected: int
    encoded: int
    reused: int
    duplicates: int
    tokens: int
    truncated: int
    unknown_share: float
    seconds: float
    device_seconds: float
    wait_seconds: float
    token_budget: int | None
    owed_chunks: int
    problems: tuple[str, ...]
    warnings: tuple[str, ...]


class Ended(BaseModel):
    """How the embedding ended: receipts, and what stopped it, if anything did."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    run: str
    started_at: datetime
    receipts: tuple[ChunkReceipt, ...]
    problems: tuple[str, ...] = ()


@task(
    name="publish-corpus", task_run_name="publish-{work.request.corpus.name}", cache_policy=NO_CACHE
)
def publish_corpus(work: Work, ended: Ended) -> RunSummary:
    """Publish as a task, so that its time stands in the run."""
    return publish_work(work, ended)


def publish_work(work: Work, ended: Ended) -> RunSummary:
    """Seal the corpus, keep the run's record, build the catalog, and add everything up."""
    store = open_existing_store(work.job.store.path)
    spaces = tuple(space.dataset for space in work.job.spaces)
    outcome = seal_corpus(
        store,
        SealRequest(
            corpus=work.request.corpus.name,
            plan=work.job.plan,
            plan_before=work.plan_before,
            documents=work.job.documents,
            spaces=spaces,
            run=ended.run,
        ),
    )
    problems = (
        *ended.problems,
        *(r.failure for r in ended.receipts if r.failure),
        *_unreadable(work),
    )
    summary = _summary(work, ended, outcome, problems)
    record = RunRecord(
        run=ended.run,
        state="completed" if summary.is_complete else "incomplete",
        corpus=summary.corpus,
        plan=work.job.plan,
        spaces=spaces,
        started_at=ended.started_at,
        ended_at=datetime.now(UTC),
        asked=work.request.model_dump(mode="json"),
        failures=problems,
        **{name: getattr(summary, name) for name in _COUNTS},
    )
    save_run(store, record)
    publish_catalog(store)
    return summary


def _summary(
    work: Work, ended: Ended, outcome: SealOutcome, problems: tuple[str, ...]
) -> RunSummary:
    receipts = ended.receipts
    counts = {name: sum(getattr(receipt, name) for receipt in receipts) for name in _COUNTS}
    content = sum(receipt.content_tokens for receipt in receipts)
    unknown = sum(receipt.unknown_tokens for receipt in receipts) / content if content else 0.0
    owed = {chunk for chunks in outcome.owed.values() for chunk in chunks}
    return RunSummary(
        run=ended.run,
        corpus=work.request.corpus.name,
        catalog=f"{work.job.store.path}/{CATALOG}",
        seal=outcome.seal.number,
        is_complete=not problems and not owed,
        planned_documents=work.planned_documents,
        chunks=sum(receipt.failure is None for receipt in receipts),
        unknown_share=unknown,
        seconds=(datetime.now(UTC) - ended.started_at).total_seconds(),
        token_budget=next((r.token_budget for r in reversed(receipts) if r.token_budget), None),
        owed_chunks=len(owed),
        problems=problems,
        warnings=tuple(_warnings(work, outcome, unknown, counts)),
        **counts,
    )


def _unreadable(work: Work) -> tuple[str, ...]:
    return () if work.request.run.tolerate_unreadable else work.unreadable


def _warnings(
    work: Work, outcome: SealOutcome, unknown: float, counts: dict[str, float]
) -> Iterator[str]:
    if unknown > _UNKNOWN_SHARE_TO_WARN_OF:
        yield (
            f"{unknown:.0%} of the tokens are unknown to the tokenizer of "
            f"{work.request.encoder.model}: it was probably made for another language."
        )
    if outcome.is_plan_newer:
        yield (
            f"the corpus {work.request.corpus.name!r} was listed anew while this run went on; that "
            "newer listing stays, and this run's chunks count where it names them."
        )
    if counts["truncated"]:
        yield f"{counts['truncated']:,} documents are longer than the model reads (truncated)."
    if work.request.run.tolerate_unreadable and work.unreadable:
        yield f"{len(work.unreadable)} files could not be read; see table unreadable_files."
    if work.passed_over:
        names = ", ".join(work.passed_over[:3])
        yield f"{len(work.passed_over)} files were passed over (hidden, or not Parquet): {names}."
