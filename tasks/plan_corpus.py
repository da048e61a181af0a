"""Plan a run: what is there, what is asked for, and what of it is owed.

Knows all rooms' specs and joins them into lineages. Loads no model: identities come from files.
"""

from collections.abc import Sequence

from prefect import task
from prefect.cache_policies import NO_CACHE
from pydantic import BaseModel, ConfigDict, Field

from data import (
    CorpusSpec,
    Dataset,
    Plan,
    Store,
    StoreSpec,
    committed_chunks,
    make_plan,
    newest_seal,
    open_store,
    pending_chunks,
    resolve_dataset,
    save_plan,
)
from embedding import (
    EncoderIdentity,
    EncoderSpec,
    choose_device,
    default_pooling,
    identify_encoder,
)
from pooling import BITS, PoolingSpec
from tasks.fitted import fitted_names, load_fitted, name_by_fingerprint
from tasks.job import EmbedJob, SpaceJob
from tasks.retrying import RETRIES, RETRY_DELAY, is_worth_a_retry
from tasks.run_spec import RunSpec
from tasks.spaces import documents_dataset, space_dataset


class EmbedRequest(BaseModel):
    """What a run is asked: the parameters of the flow."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    corpus: CorpusSpec
    encoder: EncoderSpec
    poolings: tuple[PoolingSpec, ...] = Field(
        default=(),
        description="How token states become a vector, by name (mean,cls) or as JSON; each makes a "
        "space of its own. Empty: what the model folder states.",
    )
    store: StoreSpec = StoreSpec()
    run: RunSpec = RunSpec()


class Work(BaseModel):
    """The planned run: sizes for a person, names for the tasks.

    `vector_bytes` is before compression, which takes off about a sixth.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    request: EmbedRequest
    job: EmbedJob
    seal_before: int
    chunks: tuple[str, ...]
    places: tuple[str, ...]
    num_chunks: int
    planned_rows: int
    pending_rows: int
    read_bytes: int
    vector_bytes: int
    unreadable: tuple[str, ...]
    passed_over: tuple[str, ...]


@task(
    name="plan-corpus",
    task_run_name="plan-{request.corpus.name}",
    retries=RETRIES,
    retry_delay_seconds=RETRY_DELAY,
    retry_condition_fn=is_worth_a_retry,
    cache_policy=NO_CACHE,
)
def plan_corpus(request: EmbedRequest) -> Work:
    """Plan as a task, so that its time and its errors stand in the run."""
    return plan_work(request)


def plan_work(request: EmbedRequest) -> Work:
    """List the corpus, name the datasets, and subtract what is committed.

    Raises:
        ValueError: the corpus, the model, the device or a pooling is not what the request says.
        StoreError: the store cannot be used.
    """
    identity = identify_asked(request)
    return plan_in(open_store(request.store), request, identity)


def identify_asked(request: EmbedRequest) -> EncoderIdentity:
    """The encoder's identity, from its files.

    Raises:
        ValueError: the model or the device is not what the request says.
    """
    choose_device(request.encoder.device)
    return identify_encoder(request.encoder)


def plan_in(store: Store, request: EmbedRequest, identity: EncoderIdentity) -> Work:
    """The same in an open store.

    Raises:
        ValueError: the corpus or a pooling is not what the request says.
        StoreError: the store cannot be used.
    """
    named = _distinct(request.poolings) or [default_pooling(request.encoder)]
    poolings = [name_by_fingerprint(store, pooling) for pooling in named]
    fitted = load_fitted(store, fitted_names(poolings))
    spaces = [space_dataset(request.encoder, identity, each, fitted) for each in poolings]
    seal = newest_seal(store)
    plan = make_plan(
        request.corpus, chunk_rows=request.run.chunk_rows, chunk_bytes=request.run.chunk_bytes
    )
    save_plan(store, plan)
    documents = resolve_dataset(store, documents_dataset(request.corpus.name)).name
    jobs = [
        _space_job(resolve_dataset(store, space), pooling)
        for space, pooling in zip(spaces, poolings, strict=True)
    ]
    job = EmbedJob(
        store=request.store,
        plan=plan.name,
        documents=documents,
        spaces=tuple(jobs),
        encoder=request.encoder,
        identity=identity,
        token_budget=request.run.token_budget,
    )
    datasets = [documents, *(space.dataset for space in jobs)]
    committed = [committed_chunks(store, name) for name in datasets]
    return _work(request, job, plan, committed, seal.number if seal else 0)


def _space_job(space: Dataset, pooling: PoolingSpec) -> SpaceJob:
    assert space.dimension is not None  # it is the documents that have none
    return SpaceJob(dataset=space.name, pooling=pooling, dimension=space.dimension)


def _work(
    request: EmbedRequest,
    job: EmbedJob,
    plan: Plan,
    committed: list[set[str]],
    seal_before: int,
) -> Work:
    pending = pending_chunks(plan, committed)
    vector_bytes = sum(
        sum(chunk.rows for chunk in plan.chunks if chunk.name not in names)
        * space.dimension
        * BITS[space.pooling.precision]
        // 8
        for space, names in zip(job.spaces, committed[1:], strict=True)
    )
    return Work(
        request=request,
        job=job,
        seal_before=seal_before,
        chunks=tuple(chunk.name for chunk in pending),
        places=tuple(chunk.place for chunk in pending),
        num_chunks=len(plan.chunks),
        planned_rows=plan.rows,
        pending_rows=sum(chunk.rows for chunk in pending),
        read_bytes=sum(chunk.read_bytes for chunk in pending),
        vector_bytes=vector_bytes,
        unreadable=tuple(f"{file.path}: {file.reason}" for file in plan.unreadable),
        passed_over=plan.passed_over,
    )


def _distinct(poolings: Sequence[PoolingSpec]) -> list[PoolingSpec]:
    """Each pooling once, in the order asked."""
    return [pooling for n, pooling in enumerate(poolings) if pooling not in poolings[:n]]
