"""Estimate what embed-corpus would take, by a dry run over a sample; nothing is written.

Joins the plan, the sample, the trials and the speeds. What they come to is worked out in
tasks/estimating/extrapolation.py.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass

from prefect import task
from prefect.cache_policies import NO_CACHE

from data import (
    Plan,
    Store,
    committed_chunks,
    load_plan,
    look_into_store,
    newest_catalog,
    store_at,
)
from tasks.assembly import GROUP_ROWS
from tasks.estimating.advice import advise
from tasks.estimating.corpus_sample import draw_sample
from tasks.estimating.extrapolation import (
    describe_texts,
    found_rows,
    outputs,
    pace,
    rejects,
    seconds_of_one,
    seconds_of_run,
)
from tasks.estimating.findings import CorpusEstimate, Output, SampleSpec
from tasks.estimating.measuring import measure_speeds
from tasks.estimating.sample import Sample
from tasks.estimating.trial import Trial, open_trials
from tasks.handing_out import num_processes
from tasks.owed import owed_chunks
from tasks.pacing import end_sooner
from tasks.places import gain_of_processes
from tasks.plan_corpus import EmbedRequest, Work, identify_asked, plan_in

# Shares of the sample's seconds: for reading, for the trials, for the speeds.
_READ, _TRY, _TIME = 0.15, 0.35, 0.6
_DIED = (
    "one of {} processes died when they were tried, most often for want of memory, so the speed is "
    "that of one. Lower run.num_processes or run.token_budget."
)
_GROUPS_IN_MEMORY, _FLOAT_BYTES = 3, 4


class EstimateRequest(EmbedRequest):
    """What estimate-corpus is asked: what embed-corpus would be, and the sample's size."""

    sample: SampleSpec = SampleSpec()


@dataclass(frozen=True, slots=True)
class _Planned:
    """The run as it would be planned now, and the store that was looked into."""

    request: EstimateRequest
    store: Store
    work: Work
    plan: Plan


@task(
    name="estimate-corpus",
    task_run_name="estimate-{request.corpus.name}",
    cache_policy=NO_CACHE,
)
def estimate_corpus(request: EstimateRequest) -> CorpusEstimate:
    """Estimate as a task, so that its time and its errors stand in the run."""
    return estimate_run(request)


def estimate_run(request: EstimateRequest) -> CorpusEstimate:
    """Plan as embed-corpus does, and embed a sample of what is owed into a folder for a while.

    The store is read and nothing is created in it; it need not exist.

    Raises:
        ValueError: what embed-corpus would refuse, too; or nothing of the sample can be read.
        StoreError: the store cannot be used.
    """
    started = time.perf_counter()
    store = look_into_store(request.store)
    work = plan_in(store, request, identify_asked(request))
    plan = load_plan(store, work.job.plan)
    estimate = CorpusEstimate(
        corpus=request.corpus.name,
        rows=work.planned_rows,
        files=len(plan.files),
        chunks=work.num_chunks,
        owed_rows=work.pending_rows,
        owed_chunks=len(work.chunks),
    )
    if work.chunks:
        estimate = _try_sample(_Planned(request, store, work, plan), estimate)
    seconds = time.perf_counter() - started
    return estimate.model_copy(
        update={"seconds": seconds, "notes": (*estimate.notes, *advise(work, estimate))}
    )


def _try_sample(planned: _Planned, estimate: CorpusEstimate) -> CorpusEstimate:
    """The estimate with what a sample shows."""
    request, work = planned.request, planned.work
    owed = owed_chunks(planned.store, work.job, work.chunks)
    limits = request.sample
    sample = draw_sample(
        planned.plan, work.job, owed, texts=limits.texts, seconds=_READ * limits.seconds
    )
    if not sample.readings:
        raise ValueError(f"nothing of the sample can be read:\n  {sample.unread[0]}")
    with open_trials(work.job) as trials_in:
        trials = trials_in.run(sample, _TRY * limits.seconds)
    passes = 2 if newest_catalog(store_at(request.store.path)) else 1
    of_one = seconds_of_one(sample, trials, passes=passes).times(work.pending_rows)
    found = estimate.model_copy(
        update={
            **found_rows(sample),
            "chunks_read": len(sample.readings),
            "rejected": rejects(sample),
            "outputs": _outputs(planned, sample, trials),
            "run_seconds": of_one,
            "notes": sample.unread,
        }
    )
    return _with_pace(planned, found, sample, trials) if trials else found


def _with_pace(
    planned: _Planned, found: CorpusEstimate, sample: Sample, trials: Sequence[Trial]
) -> CorpusEstimate:
    """The estimate of one process, turned into that of as many as the run would take."""
    work, of_one = planned.work, found.run_seconds
    taken, seconds = _processes_taken(work, of_one.value), _TIME * planned.request.sample.seconds
    here, together = measure_speeds(work.job, sample, trials, num_processes=taken, seconds=seconds)
    measured = pace(trials, here, together, memory_bytes=_memory_of_run(planned))
    return found.model_copy(
        update={
            "texts": describe_texts(trials),
            "pace": measured,
            "run_seconds": seconds_of_run(of_one, len(work.chunks), measured),
            "notes": (*found.notes, *([] if together or taken == 1 else [_DIED.format(taken)])),
        }
    )


def _processes_taken(work: Work, seconds: float) -> int:
    """How many processes the run would take for so many seconds of work."""
    runner, num_workers = work.request.run.runner, num_processes(work)
    gain = gain_of_processes(work.job.encoder.device, num_workers)
    num_pending = len(work.chunks) - 1  # the first chunk is done here
    left = seconds * num_pending / len(work.chunks)
    are_worth_it = end_sooner(left, num_pending, num_workers, gain=gain)
    return num_workers if runner == "processes" or (runner == "auto" and are_worth_it) else 1


def _outputs(planned: _Planned, sample: Sample, trials: Sequence[Trial]) -> tuple[Output, ...]:
    job = planned.work.job
    names = (job.documents, *(space.dataset for space in job.spaces))
    rows = []
    for name in names:
        done = committed_chunks(planned.store, name)
        rows.append(sum(chunk.rows for chunk in planned.plan.chunks if chunk.name not in done))
    return outputs(names, rows, sample, trials)


def _memory_of_run(planned: _Planned) -> int:
    """What a sample does not need, and a run does: a whole chunk, and the vectors of groups."""
    chunks = {chunk.name: chunk for chunk in planned.plan.chunks}
    largest = max(chunks[name].read_bytes for name in planned.work.chunks)
    rows = min(GROUP_ROWS, max(chunks[name].rows for name in planned.work.chunks))
    numbers = sum(space.dimension for space in planned.work.job.spaces)
    return largest + _GROUPS_IN_MEMORY * rows * numbers * _FLOAT_BYTES
