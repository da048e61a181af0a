"""What the flow fit-token-weights is asked, and what it answers: specs in, names and counts out.

Knows poolings by their specs. Reads no corpus and loads no model.
"""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field, model_validator

from data import CorpusSpec, StoreSpec
from embedding import EncoderSpec, choose_device, output_dimension
from pooling import PoolingSpec
from tasks.run_spec import FitSpec

_FROZEN = ConfigDict(frozen=True, extra="forbid")
_REMOVES = {"strategy": "sif_mean", "parameters": {"remove_component": True}}


class ComponentSpec(BaseModel):
    """The component that sif_mean removes, and the texts that it is fitted on. Needs the model."""

    model_config = _FROZEN

    pooling: PoolingSpec = Field(
        default=PoolingSpec.model_validate(_REMOVES),
        description="The pooling that is to remove it: sif_mean, with the layers, tokens and "
        "parameters that it will be used with.",
    )
    sample_texts: int = Field(
        default=10_000,
        ge=2,
        description="On how many texts: the distinct ones with the smallest hashes, which is a "
        "sample by chance that stays the same.",
    )

    @model_validator(mode="before")
    @classmethod
    def _fill_in(cls, value: Any) -> Any:
        """A pooling of settings alone is sif_mean with the component removed."""
        if not isinstance(value, dict) or not isinstance(value.get("pooling"), dict):
            return value
        given = value["pooling"]
        parameters = _REMOVES["parameters"] | given.get("parameters", {})
        return value | {"pooling": _REMOVES | given | {"parameters": parameters}}

    @model_validator(mode="after")
    def _refuse_others(self) -> "ComponentSpec":
        pooling = self.pooling
        if pooling.strategy != "sif_mean" or not pooling.parameters["remove_component"]:
            raise ValueError(
                f"component.pooling: found {pooling.strategy!r} with {pooling.parameters}; only "
                "sif_mean with remove_component=true removes one. Leave strategy out."
            )
        if pooling.learns_mix or pooling.over_windows == "attention" or pooling.weights:
            raise ValueError(
                "component.pooling has or needs weights of its own, and the component is fitted "
                "together with the counts. Give mix_weights, and leave weights out."
            )
        return self


class WeightsRequest(BaseModel):
    """What a run is asked: the parameters of the flow."""

    model_config = _FROZEN

    corpus: CorpusSpec
    encoder: EncoderSpec
    store: StoreSpec = StoreSpec()
    component: ComponentSpec | None = None
    run: FitSpec = FitSpec()


class FittedWeights(BaseModel):
    """What was fitted: its name in the store, and the poolings that it can be given to."""

    model_config = _FROZEN

    name: str
    poolings: tuple[PoolingSpec, ...]
    texts: int
    tokens: int
    rejected: int
    unread: tuple[str, ...]
    component_share: float | None = None
    seconds: float


def check_request(request: WeightsRequest) -> None:
    """Refuse a component that the encoder cannot give, before anything is read.

    Raises:
        ValueError: the model folder, the device, or the layers of the pooling.
    """
    if request.component is None:
        return
    choose_device(request.encoder.device)
    kept = request.component.pooling.model_dump(exclude={"strategy", "parameters"})
    try:
        output_dimension(request.encoder, PoolingSpec(**kept))
    except ValueError as error:
        raise ValueError(f"component.pooling, tried out as a mean: {error}") from error
