"""Plan a night: which labelers, which spaces they read, and what of these is still to be embedded.

Loads no model: encoders are known by their files, and only those that have work to do are looked
at.
"""

from prefect import task
from prefect.cache_policies import NO_CACHE
from pydantic import BaseModel, ConfigDict

from data import (
    OpenStore,
    Plan,
    SpaceLineage,
    committed_chunks,
    load_dataset,
    load_plan,
    make_plan,
    newest_seal,
    open_existing_store,
    open_store,
    resolve_dataset,
    save_plan,
)
from tasks.labelling.asked_labelers import find_labelers, labeler_jobs
from tasks.labelling.job import LabelJob
from tasks.labelling.request import LabelRequest, NightSpec
from tasks.retrying import RETRIES, RETRY_DELAY, is_worth_a_retry
from tasks.spaces import documents_dataset
from tasks.stored_spaces import stored_specs
from tasks.training.findings import EncoderPoolings


class LabelWork(BaseModel):
    """The planned night.

    Attributes:
        seal_before: Number of the seal from before its files were listed; 0: there was none.
        to_embed: Spaces that lack chunks of the corpus.
        num_rows: Rows of the corpus.
        unreadable: Files that could not be listed, with their reason.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    request: LabelRequest
    job: LabelJob
    seal_before: int
    to_embed: tuple[EncoderPoolings, ...]
    num_rows: int
    unreadable: tuple[str, ...]


@task(
    name="plan-labels",
    task_run_name="plan-{request.corpus.name}",
    retries=RETRIES,
    retry_delay_seconds=RETRY_DELAY,
    retry_condition_fn=is_worth_a_retry,
    cache_policy=NO_CACHE,
)
def plan_labels(request: LabelRequest, run: str) -> LabelWork | None:
    """Plan as a task, so that its time and its errors stand in the run."""
    return plan_night(request, run)


def plan_night(request: LabelRequest, run: str) -> LabelWork | None:
    """What the labelers need and lack; None: none is in force, so there is nothing to do.

    Raises:
        ValueError: a labeler is not there, the corpus is not what the request says, or the model
            of a space that lacks chunks is not where it was.
        StoreError: the store cannot be used.
    """
    asked = find_labelers(request)
    if not asked:
        return None
    store = open_store(request.store)
    labelers = labeler_jobs(store, asked)
    seal = newest_seal(store)
    plan = make_plan(
        request.corpus, chunk_rows=request.run.chunk_rows, chunk_bytes=request.run.chunk_bytes
    )
    save_plan(store, plan)
    job = LabelJob(
        store=request.store,
        run=run,
        plan=plan.name,
        documents=resolve_dataset(store, documents_dataset(request.corpus.name)).name,
        labelers=labelers,
    )
    return LabelWork(
        request=request,
        job=job,
        seal_before=seal.number if seal else 0,
        to_embed=_to_embed(store, job, plan, request.night),
        num_rows=plan.rows,
        unreadable=unreadable_words(plan),
    )


def list_anew(work: LabelWork) -> LabelWork:
    """The same night over the listing that embed-corpus made and sealed, if it had work to do."""
    if not work.to_embed:
        return work
    store = open_existing_store(work.job.store.path)
    seal = newest_seal(store)
    known = seal.corpora.get(work.request.corpus.name) if seal else None
    if seal is None or known is None:  # a run that embedded nothing seals nothing
        return work
    plan = load_plan(store, known.plan)
    return work.model_copy(
        update={
            "job": work.job.model_copy(update={"plan": plan.name}),
            "seal_before": seal.number,
            "num_rows": plan.rows,
            "unreadable": unreadable_words(plan),
        }
    )


def unreadable_words(plan: Plan) -> tuple[str, ...]:
    """The files that could not be listed, with their reason."""
    return tuple(f"{file.path}: {file.reason}" for file in plan.unreadable)


def _to_embed(
    store: OpenStore, job: LabelJob, plan: Plan, night: NightSpec
) -> tuple[EncoderPoolings, ...]:
    """The spaces that lack chunks of the plan, those of one encoder together."""
    groups: dict[str, EncoderPoolings] = {}
    chunks = {chunk.name for chunk in plan.chunks}
    for name in job.spaces:
        if chunks <= committed_chunks(store, name):
            continue
        space = load_dataset(store, name)
        assert isinstance(space.lineage, SpaceLineage)
        moved = night.models.get(space.provenance.model) if space.provenance else None
        spec, pooling = stored_specs(space, moved, option="--night.models")
        encoder = spec.model_copy(update={"device": night.device})
        key = encoder.model_dump_json()
        before = groups[key].poolings if key in groups else ()
        groups[key] = EncoderPoolings(encoder=encoder, poolings=(*before, pooling))
    return tuple(groups.values())
