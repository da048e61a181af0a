"""Say which encoder, and how it runs. Knows no files and no device: a spec is checked anywhere."""

from typing import Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, model_validator

Dtype = Literal["float32", "float16", "bfloat16"]
LongTextsPolicy = Literal["truncate", "head_tail", "windows"]

# Settings that mean nothing unless long texts are treated so.
_SETTINGS_OF: dict[LongTextsPolicy, tuple[str, ...]] = {
    "truncate": (),
    "head_tail": ("tail_tokens",),
    "windows": ("window_overlap", "max_windows"),
}


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
        description="What is read at once; special and prompt tokens count. Longer texts are "
        "cut, or read in windows. Empty: what the model folder states.",
    )
    long_texts: LongTextsPolicy = Field(
        default="truncate",
        description="What is read of a text longer than max_tokens: its beginning (truncate), its "
        "beginning and end (head_tail), or all of it, in windows whose vectors become one.",
    )
    tail_tokens: int | None = Field(
        default=None,
        ge=1,
        description="For head_tail: how many tokens the end has. Empty: half of those that are "
        "neither special nor the prompt's.",
    )
    window_overlap: int = Field(
        default=0,
        ge=0,
        description="For windows: how many tokens a window shares with the one before; the "
        "tokenizers of transformers call it stride.",
    )
    max_windows: int = Field(
        default=1_000,
        ge=2,
        description="For windows: at most so many; what follows is cut. It bounds the memory that "
        "one text takes.",
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

    @model_validator(mode="after")
    def _refuse_idle_settings(self) -> "EncoderSpec":
        """Compared with the defaults: a stored spec gives every field."""
        for policy in get_args(LongTextsPolicy):
            for name in _SETTINGS_OF[policy]:
                value = getattr(self, name)
                if policy != self.long_texts and value != type(self).model_fields[name].default:
                    raise ValueError(
                        f"{name}={value} with long_texts={self.long_texts!r}, which has no such "
                        f"setting. Set long_texts to {policy!r}, or leave {name} out."
                    )
        return self
