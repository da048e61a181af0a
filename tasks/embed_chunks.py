"""The task that embeds: Prefect's grip on the step in tasks/step.py."""

from prefect import get_run_logger, task
from prefect.cache_policies import NO_CACHE

from tasks.hangs import ends_if_it_hangs
from tasks.job import ChunkReceipt, EmbedJob
from tasks.retrying import RETRIES, RETRY_DELAY, is_worth_a_retry
from tasks.step import embed_step


@task(
    name="embed-chunks",
    task_run_name="embed-{first}",
    retries=RETRIES,
    retry_delay_seconds=RETRY_DELAY,
    retry_jitter_factor=0.5,
    retry_condition_fn=is_worth_a_retry,
    cache_policy=NO_CACHE,
)
def embed_chunks(job: EmbedJob, chunks: tuple[str, ...], first: str) -> list[ChunkReceipt]:
    """Embed and commit some chunks; what is committed already costs nothing.

    Args:
        job: What the run asked for.
        chunks: Names of chunks of the plan.
        first: File and rows of the first one, for the name of the task run.
    """
    logger = get_run_logger()
    receipts = list(ends_if_it_hangs(embed_step(job, chunks)))
    for receipt in receipts:
        if receipt.failure:
            logger.error("chunk %s, %s", receipt.chunk, receipt.failure)
    seconds = sum(receipt.seconds for receipt in receipts)
    logger.info(
        "%d chunks from %s: %d texts encoded, %d reused, %d rejected in %.1f s, device %.0f%%",
        len(receipts),
        first,
        sum(receipt.encoded for receipt in receipts),
        sum(receipt.reused for receipt in receipts),
        sum(receipt.rejected + receipt.without_vector for receipt in receipts),
        seconds,
        100 * sum(receipt.device_seconds for receipt in receipts) / max(seconds, 1e-9),
    )
    return receipts
