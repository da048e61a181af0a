"""How a run is carried out: nothing here changes a vector, so nothing here is identity."""

from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator


class FitSpec(BaseModel):
    """Sizes, budgets and limits of a run that fits something on a corpus."""

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
        description="Tokens of one batch; on a CPU each core computes one. Empty: what suits the "
        "device. It is halved when memory runs out, and the run goes on.",
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


class RunSpec(FitSpec):
    """Sizes, budgets and limits of a run, and where its work is done."""

    runner: Literal["auto", "local", "processes"] = Field(
        default="auto",
        description="Where chunks are embedded: in this process (local), with a thread for each "
        "core of a CPU, or in a process for each core or GPU. auto begins here, and takes "
        "processes where they would end sooner.",
    )
    num_processes: int | None = Field(
        default=None,
        ge=1,
        description="How many processes. Empty: one for each core, or for each GPU. Each holds the "
        "model and a chunk.",
    )

    @model_validator(mode="after")
    def _refuse_processes_nowhere(self) -> Self:
        if self.runner == "local" and self.num_processes is not None:
            raise ValueError(
                f"num_processes={self.num_processes} with runner='local', which is this process. "
                "Set runner to processes, or leave num_processes out."
            )
        return self
