"""The task that trains labelers: Prefect's grip on what tasks/training does."""

from prefect import get_run_logger, task
from prefect.cache_policies import NO_CACHE

from tasks.retrying import RETRIES, RETRY_DELAY, is_worth_a_retry
from tasks.training.check import check_training
from tasks.training.findings import Training
from tasks.training.request import TrainRequest
from tasks.training.train import train_all


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
    training = train_all(request)
    for labeler in training.labelers:
        get_run_logger().info(
            "%s: %.4f on training rows out of fold, in %.1f s; kept as %s",
            labeler.title,
            labeler.held_quality,
            labeler.seconds,
            labeler.name,
        )
    return training


@task(
    name="check-labels",
    task_run_name="check-{request.corpus.name}",
    retries=RETRIES,
    retry_delay_seconds=RETRY_DELAY,
    retry_condition_fn=is_worth_a_retry,
    cache_policy=NO_CACHE,
)
def check_labels(request: TrainRequest) -> tuple[str, ...]:
    """See whether the labels can be learned, before anything is embedded; in words."""
    return check_training(request)
