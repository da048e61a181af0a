"""The end of a run: seal the corpus, keep the run's record, build the catalog.

Knows the store and the summary. Always runs, whatever happened before: what is there is published.
"""

from datetime import UTC, datetime

from prefect import task
from prefect.cache_policies import NO_CACHE

from data import (
    Counts,
    RunRecord,
    SealRequest,
    open_existing_store,
    publish_catalog,
    save_run,
    seal_corpus,
    space_names,
)
from tasks.plan_corpus import Work
from tasks.summary import Ended, RunSummary, summarize


@task(
    name="publish-corpus", task_run_name="publish-{work.request.corpus.name}", cache_policy=NO_CACHE
)
def publish_corpus(work: Work, ended: Ended, with_catalog: bool = True) -> RunSummary:
    """Publish as a task, so that its time stands in the run."""
    return publish_work(work, ended, with_catalog=with_catalog)


def publish_work(work: Work, ended: Ended, *, with_catalog: bool = True) -> RunSummary:
    """Seal the corpus, keep the run's record, build the catalog, and add everything up.

    Without the catalog, what was done is shown by whoever publishes next.
    """
    store = open_existing_store(work.job.store.path)
    spaces = tuple(space.dataset for space in work.job.spaces)
    outcome = seal_corpus(
        store,
        SealRequest(
            corpus=work.request.corpus.name,
            plan=work.job.plan,
            seal_before=work.seal_before,
            documents=work.job.documents,
            spaces=spaces,
            run=ended.run,
        ),
    )
    summary = summarize(work, ended, outcome, space_names(store, outcome.seal))
    record = RunRecord(
        run=ended.run,
        state="completed" if summary.is_complete else "incomplete",
        corpus=summary.corpus,
        plan=work.job.plan,
        spaces=spaces,
        started_at=ended.started_at,
        ended_at=datetime.now(UTC),
        asked=work.request.model_dump(mode="json"),
        failures=summary.problems + summary.tolerated,
        **{name: getattr(summary, name) for name in Counts.model_fields},
    )
    save_run(store, record)
    if with_catalog:
        publish_catalog(store)
    return summary
