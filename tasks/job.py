"""What a task is told and what it answers: specs and names in, counts out. No text, no vector."""

from pydantic import BaseModel, ConfigDict

from data import Chunk, Counts, Record, StoreSpec
from embedding import EncoderIdentity, EncoderSpec
from pooling import PoolingSpec

_FROZEN = ConfigDict(frozen=True, extra="forbid")


class SpaceJob(BaseModel):
    """One space to fill: its dataset in the store, and the pooling that makes its vectors."""

    model_config = _FROZEN

    dataset: str
    pooling: PoolingSpec
    dimension: int

    @property
    def slug(self) -> str:
        """The dataset's name without its hash: what the space is called in SQL if no other is."""
        return self.dataset.rpartition("-")[0]


class EmbedJob(BaseModel):
    """All that the tasks of a run share."""

    model_config = _FROZEN

    store: StoreSpec
    plan: str
    documents: str
    spaces: tuple[SpaceJob, ...]
    encoder: EncoderSpec
    identity: EncoderIdentity
    token_budget: int | None = None


class ChunkReceipt(Counts):
    """What one chunk cost. `failure` says why it could not be done; then nothing was committed.

    `is_unreadable`: its file is damaged, which a run may tolerate.
    """

    chunk: str
    place: str
    rows: int
    unknown_tokens: int = 0
    content_tokens: int = 0
    seconds: float = 0.0
    token_budget: int | None = None
    is_committed: bool = False
    is_unreadable: bool = False
    failure: str | None = None


def failed_receipt(chunk: Chunk, reason: str, *, is_unreadable: bool = False) -> ChunkReceipt:
    """The receipt of a chunk of which nothing is committed."""
    return ChunkReceipt(
        chunk=chunk.name,
        place=chunk.place,
        rows=chunk.rows,
        is_unreadable=is_unreadable,
        failure=reason,
    )


def committed_receipt(chunk: Chunk, documents: Record, space: Record) -> ChunkReceipt:
    """The receipt of a chunk that is committed already, from its records: no time was spent."""
    return ChunkReceipt(
        chunk=chunk.name,
        place=chunk.place,
        rows=chunk.rows,
        documents=documents.rows,
        rejected=documents.rejected,
        without_vector=space.rejected,
        is_committed=True,
        **space.statistics.model_dump(),
    )
