"""The task that labels, and what of a night goes into each: Prefect's grip on the step."""

from collections.abc import Iterator

from prefect import get_run_logger, task
from prefect.cache_policies import NO_CACHE
from prefect.runtime import task_run

from data import load_plan, open_existing_store
from tasks.labelling.job import LabelJob, LabelReceipt
from tasks.labelling.owed import owed_labels
from tasks.labelling.step import label_step
from tasks.pacing import MAX_TASKS, chunks_a_task
from tasks.retrying import RETRIES, RETRY_DELAY, is_worth_a_retry


@task(
    name="label-chunks",
    task_run_name="label-{first}",
    retries=RETRIES,
    retry_delay_seconds=RETRY_DELAY,
    retry_jitter_factor=0.5,
    retry_condition_fn=is_worth_a_retry,
    cache_policy=NO_CACHE,
)
def label_chunks(job: LabelJob, chunks: tuple[str, ...], first: str) -> list[LabelReceipt]:
    """Label and commit some chunks; what is committed already costs nothing.

    Args:
        job: What the run asked for.
        chunks: Names of chunks of the plan.
        first: File and rows of the first one, for the name of the task run.
    """
    logger = get_run_logger()
    receipts = list(label_step(job, chunks, is_again=(task_run.run_count or 1) > 1))
    for receipt in receipts:
        if receipt.failure:
            logger.error("chunk %s, %s", receipt.chunk, receipt.failure)
    logger.info(
        "%d chunks from %s: %d labels, %d for review, %d documents without, in %.1f s",
        len(receipts),
        first,
        sum(receipt.labelled for receipt in receipts),
        sum(receipt.for_review for receipt in receipts),
        sum(receipt.without_label for receipt in receipts),
        sum(receipt.seconds for receipt in receipts),
    )
    return receipts


def label_owed(job: LabelJob) -> Iterator[LabelReceipt]:
    """Label every chunk that lacks labels and can get them, in tasks of about 30 s, one by one."""
    store = open_existing_store(job.store.path)
    planned = load_plan(store, job.plan).chunks
    owed = owed_labels(store, job, [chunk.name for chunk in planned])
    todo = [chunk for chunk in planned if chunk.name in owed]
    made: list[LabelReceipt] = []
    num_tasks = 0
    while todo:
        size = chunks_a_task(made, len(todo), MAX_TASKS - num_tasks) if made else 1
        batch, todo = todo[:size], todo[size:]
        num_tasks += 1
        made = label_chunks(job, tuple(chunk.name for chunk in batch), batch[0].place)
        yield from made
