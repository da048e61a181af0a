"""What a nightly labelling is asked. Knows specs, no store."""

from pydantic import BaseModel, ConfigDict, Field

from data import CorpusSpec, StoreSpec
from tasks.run_spec import RunSpec

_FROZEN = ConfigDict(frozen=True, extra="forbid")


class NightSpec(BaseModel):
    """How a night is carried out: nothing here changes a label."""

    model_config = _FROZEN

    audit: int = Field(
        default=25,
        ge=0,
        description="How many of the documents that are new are drawn at random for a person to "
        "check, whatever their score.",
    )
    device: str = Field(
        default="auto",
        pattern=r"^(auto|cpu|mps|cuda(:\d+)?)$",
        description="Where encoders run: auto, cpu, cuda, cuda:N or mps.",
    )
    models: dict[str, str] = Field(
        default={},
        description="Where model folders are now, by where they were when their spaces were made.",
    )


class LabelRequest(BaseModel):
    """What a run is asked: the parameters of the flow."""

    model_config = _FROZEN

    corpus: CorpusSpec
    labelers: tuple[str, ...] = Field(
        default=(),
        description="Titles of labelers in force, or names of stored ones; empty: all in force.",
    )
    store: StoreSpec = StoreSpec()
    night: NightSpec = NightSpec()
    run: RunSpec = RunSpec()
