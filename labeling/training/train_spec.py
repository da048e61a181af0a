"""Say how weights are learned by gradients. Knows numbers, no model and no text."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

ClassWeight = Literal["none", "balanced"]


class TrainSpec(BaseModel):
    """How a pooling and its linear head are learned on the token states of a frozen encoder."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    epochs: int = Field(default=12, ge=1, description="At most so many times through the texts.")
    patience: int = Field(
        default=2,
        ge=1,
        description="Stop after so many epochs in which the log loss of the validation rows did "
        "not fall.",
    )
    batch_texts: int = Field(default=64, ge=1, description="How many texts one step learns from.")
    learning_rate: float = Field(default=2e-3, gt=0, description="Of AdamW, for all weights.")
    weight_decay: float = Field(default=0.01, ge=0, description="Of AdamW.")
    dropout: float = Field(
        default=0.2, ge=0, lt=1, description="Share of a vector's numbers that a step leaves out."
    )
    class_weight: ClassWeight = Field(
        default="none",
        description="balanced: rare labels weigh more, so that all labels weigh the same in sum.",
    )
    validation_fold: int = Field(
        default=0, ge=0, description="The fold that is held out to tell when to stop."
    )
    refit: bool = Field(
        default=True,
        description="Then learn once more, from all training rows, for as many epochs as were "
        "best. It takes half as long again.",
    )
    states_bytes: int = Field(
        default=2_000_000_000,
        ge=1,
        description="Memory for the token states, in float16. What does not fit is encoded anew "
        "in each epoch.",
    )
    seed: int = Field(default=0, ge=0, description="Of first weights, of the order and of dropout.")


class FineTuneSpec(BaseModel):
    """How an encoder is trained together with its pooling and a linear head."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    epochs: int = Field(default=3, ge=1, description="At most so many times through the texts.")
    patience: int = Field(
        default=2,
        ge=1,
        description="Stop after so many epochs in which the log loss of the validation rows did "
        "not fall.",
    )
    batch_texts: int = Field(default=32, ge=1, description="How many texts one step learns from.")
    encoder_learning_rate: float = Field(
        default=5e-5, gt=0, description="Of AdamW, for the encoder, at its highest."
    )
    learning_rate: float = Field(
        default=1e-3, gt=0, description="Of AdamW, for a learned pooling and the head."
    )
    weight_decay: float = Field(default=0.01, ge=0, description="Of AdamW.")
    warmup_share: float = Field(
        default=0.1,
        ge=0,
        lt=1,
        description="Share of the steps in which the rates rise; then they fall to 0.",
    )
    largest_gradient: float = Field(
        default=1.0, gt=0, description="A longer gradient is scaled to this length."
    )
    dropout: float = Field(
        default=0.1, ge=0, lt=1, description="Share of a vector's numbers that a step leaves out."
    )
    class_weight: ClassWeight = Field(
        default="none",
        description="balanced: rare labels weigh more, so that all labels weigh the same in sum.",
    )
    validation_fold: int = Field(
        default=0, ge=0, description="The fold that is held out to tell when to stop."
    )
    mixed_precision: bool = Field(
        default=True, description="On a CUDA device, compute the steps in bfloat16."
    )
    seed: int = Field(default=0, ge=0, description="Of first weights, of the order and of dropout.")
