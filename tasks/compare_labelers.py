"""The task that compares labelers: Prefect's grip on the bake-off, and where its page goes."""

from prefect import task
from prefect.cache_policies import NO_CACHE

from data import open_existing_store, save_report
from tasks.comparing.bake_off import bake_off
from tasks.comparing.comparison import Comparison, Reported
from tasks.comparing.page import comparison_page
from tasks.retrying import RETRIES, RETRY_DELAY, is_worth_a_retry
from tasks.training.request import TrainRequest


@task(
    name="compare-labelers",
    task_run_name="compare-{request.corpus.name}",
    retries=RETRIES,
    retry_delay_seconds=RETRY_DELAY,
    retry_condition_fn=is_worth_a_retry,
    cache_policy=NO_CACHE,
)
def compare_labelers(request: TrainRequest) -> Reported:
    """Train and compare labelers on spaces that are embedded; the page is in the store."""
    return compare_and_report(request)


def compare_and_report(request: TrainRequest) -> Reported:
    """The same as a plain function; the map of texts stands on the page alone."""
    comparison = bake_off(request)
    store = open_existing_store(request.store.path)
    page = save_report(store, comparison.title, comparison.made_at, comparison_page(comparison))
    return Reported(comparison=_without_map(comparison), page=page)


def _without_map(comparison: Comparison) -> Comparison:
    return comparison.model_copy(update={"text_map": None})
