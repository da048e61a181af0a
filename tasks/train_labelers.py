"""The task that trains labelers: Prefect's grip on what tasks/training does."""

from prefect import task
from prefect.cache_policies import NO_CACHE

from tasks.retrying import RETRIES, RETRY_DELAY, is_worth_a_retry
from tasks.training.findings import Training
from tasks.training.request import TrainRequest


@task(
    name="train-labelers",
    task_run_name="train-{request.corpus.name}",
    retries=RETRIES,
    retry_delay_seconds=RETRY_DELAY,
    retry_condition_fn=is_worth_a_retry,
    cache_policy=NO_CACHE,
)
def train_labelers(request: TrainRequest) -> Training:
    """Train and keep a labeler for every space and head, one over the texts, and ensembles.

    The corpus is embedded already: each space of the request has its vectors.
    """
    raise NotImplementedError
