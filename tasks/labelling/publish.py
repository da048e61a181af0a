"""The end of a night: seal the corpus with its labels, keep the run's record, build the catalog.

Always runs, whatever happened before: what is there is looked at and published.
"""

from datetime import UTC, datetime

from prefect import task
from prefect.cache_policies import NO_CACHE

from data import (
    RunRecord,
    SealRequest,
    open_existing_store,
    publish_catalog,
    save_run,
    seal_corpus,
)
from tasks.labelling.night import judge_night
from tasks.labelling.plan_labels import LabelWork
from tasks.labelling.summary import LabelSummary, NightEnded, summarize_night


@task(
    name="publish-labels", task_run_name="publish-{work.request.corpus.name}", cache_policy=NO_CACHE
)
def publish_labels(work: LabelWork, ended: NightEnded) -> LabelSummary:
    """Publish as a task, so that its time stands in the run."""
    return publish_night(work, ended)


def publish_stopped(work: LabelWork, ended: NightEnded) -> LabelSummary:
    """Publish a night that stopped early, and what it showed so far.

    A look that fails is one problem more: the error that stopped the night is for its caller.
    """
    try:
        night = judge_night(work.job, ended.receipts, work.request.night.audit)
    except Exception as error:
        return publish_unseen(work, ended, repr(error))
    return publish_night(work, ended.model_copy(update={"night": night}))


def publish_unseen(work: LabelWork, ended: NightEnded, reason: str) -> LabelSummary:
    """Publish without a look, which the next night takes: who is cancelled has seconds left."""
    problems = (*ended.problems, f"what it had labelled was not looked at: {reason}")
    return publish_night(work, ended.model_copy(update={"problems": problems, "looked_at": False}))


def publish_night(work: LabelWork, ended: NightEnded) -> LabelSummary:
    """Seal the corpus, keep the run's record, build the catalog, and add everything up."""
    job = work.job
    store = open_existing_store(job.store.path)
    datasets = tuple(labeler.dataset for labeler in job.labelers)
    outcome = seal_corpus(
        store,
        SealRequest(
            corpus=work.request.corpus.name,
            plan=job.plan,
            seal_before=work.seal_before,
            documents=job.documents,
            spaces=job.spaces,
            run=job.run,
            labelers=datasets,
        ),
    )
    summary = summarize_night(work, ended, outcome)
    record = RunRecord(
        run=job.run,
        state="completed" if summary.is_complete else "incomplete",
        corpus=summary.corpus,
        plan=job.plan,
        spaces=job.spaces,
        started_at=ended.started_at,
        ended_at=datetime.now(UTC),
        asked=work.request.model_dump(mode="json"),
        failures=summary.problems + summary.tolerated,
        labelers=datasets,
        labelled=summary.labelled,
        for_review=summary.for_review,
        looked_at=ended.looked_at,
        drift=ended.night.drift,
        audit=ended.night.audit,
        documents=summary.documents,
        rejected=summary.rejected,
        without_vector=0,
    )
    save_run(store, record)
    publish_catalog(store)
    return summary
