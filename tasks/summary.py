"""What a run did, added up for its caller and for the tables that people read.

Knows receipts and what a seal says is owed. Writes nothing.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime

from pydantic import BaseModel, ConfigDict

from data import Counts, SealOutcome, catalog_link
from tasks.figures import count_words
from tasks.job import ChunkReceipt
from tasks.plan_corpus import Work

_UNKNOWN_SHARE_TO_WARN_OF = 0.1


class RunSummary(Counts):
    """What a run did, for its caller and for the tables that people read.

    `spaces` are the names in SQL of those that it was asked for.
    """

    run: str
    corpus: str
    catalog: str
    seal: int
    is_complete: bool
    planned_rows: int
    chunks: int
    unknown_share: float
    seconds: float
    token_budget: int | None
    owed_chunks: int
    problems: tuple[str, ...]
    tolerated: tuple[str, ...]
    warnings: tuple[str, ...]
    spaces: tuple[str, ...]


class Ended(BaseModel):
    """How the embedding ended: receipts, and what stopped it, if anything did."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    run: str
    started_at: datetime
    receipts: tuple[ChunkReceipt, ...]
    problems: tuple[str, ...] = ()


def summarize(
    work: Work, ended: Ended, outcome: SealOutcome, names: Mapping[str, str]
) -> RunSummary:
    """Add up the receipts. A run is complete when nothing that it asked for is owed.

    Files that a run was told to tolerate are not owed to it. `names` are those of spaces in SQL.
    """
    receipts = ended.receipts
    failures = [receipt for receipt in receipts if receipt.failure]
    tolerates = work.request.run.tolerate_unreadable
    tolerated = [receipt for receipt in failures if receipt.is_unreadable and tolerates]
    counts = {
        name: sum(getattr(receipt, name) for receipt in receipts) for name in Counts.model_fields
    }
    owed = {chunk for chunks in outcome.owed.values() for chunk in chunks}
    problems = (
        *ended.problems,
        *(r.failure or "" for r in failures if r not in tolerated),
        *(() if tolerates else work.unreadable),
    )
    return RunSummary(
        run=ended.run,
        corpus=work.request.corpus.name,
        catalog=str(catalog_link(work.job.store.path)),
        seal=outcome.seal.number,
        is_complete=not problems and owed <= {receipt.chunk for receipt in tolerated},
        planned_rows=work.planned_rows,
        chunks=sum(receipt.failure is None for receipt in receipts),
        unknown_share=unknown_share(receipts),
        seconds=(datetime.now(UTC) - ended.started_at).total_seconds(),
        token_budget=next((r.token_budget for r in reversed(receipts) if r.token_budget), None),
        owed_chunks=len(owed),
        problems=problems,
        tolerated=(*(work.unreadable if tolerates else ()), *(r.failure or "" for r in tolerated)),
        warnings=tuple(_warnings(work, ended, outcome, names)),
        spaces=tuple(names[space.dataset] for space in work.job.spaces),
        **counts,
    )


def unknown_share(receipts: Sequence[ChunkReceipt]) -> float:
    """The share of the encoded tokens that the tokenizer did not know."""
    content = sum(receipt.content_tokens for receipt in receipts)
    return sum(receipt.unknown_tokens for receipt in receipts) / content if content else 0.0


def unknown_warning(model: str, share: float) -> str | None:
    """What to say of a tokenizer that knows too few of the words; None if it knows enough."""
    if share <= _UNKNOWN_SHARE_TO_WARN_OF:
        return None
    return (
        f"{share:.0%} of the tokens are unknown to the tokenizer of {model}: it was probably made "
        "for another language."
    )


def _warnings(
    work: Work, ended: Ended, outcome: SealOutcome, names: Mapping[str, str]
) -> Iterator[str]:
    request = work.request
    if warning := unknown_warning(request.encoder.model, unknown_share(ended.receipts)):
        yield warning
    if outcome.is_plan_newer:
        yield (
            f"the corpus {request.corpus.name!r} was listed anew while this run went on; that "
            "newer listing stays, and this run's chunks count where it names them."
        )
    if truncated := sum(receipt.truncated for receipt in ended.receipts):
        yield (
            f"{truncated:,} documents are longer than what is read of them; see column truncated, "
            "and encoder.long_texts for what else could be read."
        )
    asked = {work.job.documents, *(space.dataset for space in work.job.spaces)}
    owed = set(outcome.corpus.owed) - asked  # labels, too: the flow that labels does those
    behind = sorted(names[dataset] for dataset in owed & set(names))
    if behind:
        yield (
            f"spaces that this run did not ask for fall behind: {', '.join(behind)}. Ask for their "
            "poolings, with the same columns and chunk sizes, to fill them."
        )
    if request.corpus.limit is not None:
        yield (
            f"corpus.limit is {request.corpus.limit:,}: the catalog shows these rows alone until a "
            "run without a limit."
        )
    if work.passed_over:
        some = ", ".join(work.passed_over[:3])
        yield f"{len(work.passed_over)} files were passed over (hidden, or not Parquet): {some}."


def summary_rows(summary: RunSummary) -> list[tuple[str, str]]:
    """The numbers that a person looks for, with their words."""
    share = summary.device_seconds / summary.seconds if summary.seconds else 0.0
    return [
        ("rows in the corpus", f"{summary.planned_rows:,}"),
        ("documents done by this run", f"{summary.documents:,}"),
        ("texts encoded", f"{summary.encoded:,}"),
        ("texts reused", f"{summary.reused:,}"),
        ("duplicates", f"{summary.duplicates:,}"),
        ("rows rejected", f"{summary.rejected:,}"),
        ("documents without a vector", f"{summary.without_vector:,}"),
        ("documents truncated", f"{summary.truncated:,}"),
        ("tokens", f"{summary.tokens:,}"),
        ("seconds", f"{summary.seconds:.1f}"),
        ("devices at work, on average", f"{share:.2f}"),
        ("device waited for the tokenizer (s)", f"{summary.wait_seconds:.1f}"),
        ("chunks owed", f"{summary.owed_chunks:,}"),
        ("catalog", summary.catalog),
    ]


def what_is_owed(summary: RunSummary) -> str:
    """One line for Prefect's state, the details after it."""
    owed = "is not whole"
    if summary.owed_chunks:
        owed = f"owes {count_words(summary.owed_chunks, 'chunk')}"
    head = f"Corpus {summary.corpus} {owed}. What is there is published in {summary.catalog}."
    return "\n".join([head, *(f"  {problem}" for problem in summary.problems)])
