"""Say which encoder, and how it runs. Knows no files and no device: a spec is checked anywhere."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

Dtype = Literal["float32", "float16", "bfloat16"]


class EncoderSpec(BaseModel):
    """A transformer encoder and the settings that its vectors depend on."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    model: str = Field(
        min_length=1,
        description="Hub id such as sentence-transformers/all-MiniLM-L6-v2, or a local folder.",
    )
    revision: str | None = Field(
        default=None, description="Commit, tag or branch of a hub id; a commit never changes."
    )
    device: str = Field(
        default="auto",
        pattern=r"^(auto|cpu|mps|cuda(:\d+)?)$",
        description="auto, cpu, cuda, cuda:N or mps; auto takes a GPU if there is one.",
    )
    dtype: Dtype = Field(
        default="float32",
        description="In which the encoder computes; float32 is exact, the others suit GPUs.",
    )
    max_tokens: int | None = Field(
        default=None,
        ge=1,
        description="Longer texts are cut; special and prompt tokens count. "
        "Empty: what the model folder states.",
    )
    prompt: str | None = Field(
        default=None,
        description="Put before every document. Not given: what the model folder states. An empty "
        "text: none.",
    )
    query_prompt: str | None = Field(
        default=None,
        description="Put before every query. Empty: the model folder's prompt for queries, "
        "or else the same as for documents.",
    )
    trust_remote_code: bool = Field(
        default=False,
        description="Run Python code that the model folder brings. Read that code first.",
    )
