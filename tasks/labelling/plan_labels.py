"""Plan a night: which labelers, which spaces they read, and what of these is still to be embedded.

Loads no model: encoders are known by their files, and only those that have work to do are looked
at.
"""

from collections.abc import Iterable, Sequence

from prefect import task
from prefect.cache_policies import NO_CACHE
from pydantic import BaseModel, ConfigDict

from data import (
    LocalStore,
    Plan,
    SpaceLineage,
    committed_chunks,
    has_store,
    labeler_dataset,
    labelers_in_force,
    load_dataset,
    load_labeler,
    load_plan,
    make_plan,
    newest_seal,
    open_existing_store,
    open_store,
    resolve_dataset,
    save_plan,
    with_members,
)
from tasks.labelling.job import LabelerJob, LabelJob
from tasks.labelling.request import LabelRequest, NightSpec
from tasks.retrying import RETRIES, RETRY_DELAY, is_worth_a_retry
from tasks.spaces import documents_dataset
from tasks.stored_spaces import stored_specs
from tasks.training.findings import EncoderPoolings


class LabelWork(BaseModel):
    """The planned night.

    Attributes:
        plan_before: The corpus's plan in the seal from before its files were listed.
        to_embed: Spaces that lack chunks of the corpus.
        num_rows: Rows of the corpus.
        unreadable: Files that could not be listed, with their reason.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    request: LabelRequest
    job: LabelJob
    plan_before: str | None
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
    labelers = _labeler_jobs(store, asked)
    seal = newest_seal(store)
    known = seal.corpora.get(request.corpus.name) if seal else None
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
        plan_before=known.plan if known else None,
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
    if known is None:  # a run that embedded nothing seals nothing
        return work
    plan = load_plan(store, known.plan)
    return work.model_copy(
        update={
            "job": work.job.model_copy(update={"plan": plan.name}),
            "plan_before": plan.name,
            "num_rows": plan.rows,
            "unreadable": unreadable_words(plan),
        }
    )


def unreadable_words(plan: Plan) -> tuple[str, ...]:
    """The files that could not be listed, with their reason."""
    return tuple(f"{file.path}: {file.reason}" for file in plan.unreadable)


def find_labelers(request: LabelRequest) -> tuple[str, ...]:
    """The stored labelers that the request means; none if it asks for those in force and none is.

    Raises:
        ValueError: one that it names is neither in force nor stored.
    """
    if not has_store(request.store):
        if request.labelers:
            raise ValueError(_unknown(request.labelers, (), request.store.path))
        return ()
    store = open_existing_store(request.store.path)
    in_force = labelers_in_force(store)
    stored = set(store.list("models"))
    unknown = [name for name in request.labelers if name not in in_force and name not in stored]
    if unknown:
        raise ValueError(_unknown(unknown, in_force, request.store.path))
    return tuple(in_force.get(name, name) for name in request.labelers or in_force)


def _unknown(names: Sequence[str], in_force: Iterable[str], path: str) -> str:
    known = ", ".join(in_force) or "none"
    return (
        f"labelers {list(names)} are neither in force nor stored in {path}; in force: {known}. "
        f"See them all with: python -m flows.promote {path}"
    )


def _labeler_jobs(store: LocalStore, asked: Sequence[str]) -> tuple[LabelerJob, ...]:
    """The labelers with their members, which come first; those of one space stay together."""
    jobs: dict[str, LabelerJob] = {}
    for name in with_members(store, asked):
        known = load_labeler(store, name)
        source = known.source
        datasets = {
            "text": (),
            "space": (source.name or "",),
            "members": tuple(jobs[member].dataset for member in source.labelers),
        }
        if source.kind == "space":
            _refuse_foreign(store, known.title, source.name or "", source.space or "")
        jobs[name] = LabelerJob(
            name=known.name,
            title=known.title,
            dataset=labeler_dataset(store, name).name,
            reads=source.kind,
            sources=datasets[source.kind],
            is_asked=name in asked,
        )
    return tuple(jobs.values())


def _refuse_foreign(store: LocalStore, title: str, dataset: str, fingerprint: str) -> None:
    try:
        found = load_dataset(store, dataset).fingerprint
    except FileNotFoundError:
        found = "nothing"
    if found != fingerprint:
        raise ValueError(
            f"the labeler {title} reads the space {dataset} ({fingerprint[:8]}), and this store "
            f"has {found[:8]} under that name. Train it in this store."
        )


def _to_embed(
    store: LocalStore, job: LabelJob, plan: Plan, night: NightSpec
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
