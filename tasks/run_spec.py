"""How a run is carried out: nothing here changes a vector, so nothing here is identity."""

from pydantic import BaseModel, ConfigDict, Field


class RunSpec(BaseModel):
    """Sizes, budgets and limits of a run."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    chunk_rows: int = Field(
        default=20_000,
        ge=1,
        description="Rows of a chunk, the unit that is committed whole. A run that is stopped "
        "redoes at most the chunks that it was working on.",
    )
    chunk_bytes: int = Field(
        default=32_000_000,
        ge=1,
        description="Bytes of the columns that are read of a chunk, if that is less.",
    )
    token_budget: int | None = Field(
        default=None,
        ge=1,
        description="Tokens of one batch. Empty: what suits the device. It is halved when memory "
        "runs out, and the run goes on.",
    )
    max_reject_share: float = Field(
        default=0.9,
        ge=0,
        le=1,
        description="Stop the run when more than this share of the rows is rejected: then the "
        "text column is probably the wrong one.",
    )
    tolerate_unreadable: bool = Field(
        default=False,
        description="End as completed although some files could not be read. They are listed "
        "either way.",
    )
