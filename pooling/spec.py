"""Say which vector a text gets. Knows the table of strategies, no model."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue, field_validator, model_validator

from pooling.parameters import Parameters, refuse_way_over_windows, write_out
from pooling.pooler import FittedStrategy
from pooling.precision import Precision, refuse_wrong_precision
from pooling.table import CONTENT_ONLY, POOLERS

Layers = Annotated[tuple[int, ...], Field(min_length=1)]
Combine = Literal["mean", "concat", "mix"]
Weight = Annotated[float, Field(ge=0, allow_inf_nan=False)]

# Settings that came after 0.1, with the value at which they change no vector. There they are left
# out of the identity: spaces made before keep their fingerprint.
NEUTRAL: dict[str, JsonValue] = {
    "mix_weights": [],
    "weights": None,
    "over_windows": "mean",
    "ranges": None,
}


class PoolingSpec(BaseModel):
    """One vector per text: which layers, which tokens, how they are reduced, what follows.

    A bare name is enough: "mean" is the same as {"strategy": "mean"}.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    strategy: str = Field(
        default="mean",
        description="How the token states of a text become one vector.",
        json_schema_extra={"enum": list(POOLERS)},
    )
    parameters: Parameters = Field(
        default={},
        validate_default=True,
        description='Settings of the strategy itself, such as {"p": 3} of gem; most have none.',
    )
    layers: Layers = Field(
        default=(-1,),
        description="Which layers to read: 0 is the embedding output, -1 the last layer. "
        "Several are combined before the tokens are reduced.",
    )
    combine: Combine = Field(
        default="mean",
        description="What becomes of several layers: their mean, side by side (concat), or a mean "
        "with weights (mix).",
    )
    mix_weights: tuple[Weight, ...] = Field(
        default=(),
        description="For mix: one weight for each of the layers; only their proportions count. "
        "Empty: learned ones, which `weights` names.",
    )
    weights: str | None = Field(
        default=None,
        description="What was fitted for this pooling: learned weights, or counts of tokens, by "
        "their name in the store: see docs/poolings.md.",
    )
    over_windows: Literal["mean", "max", "attention"] = Field(
        default="mean",
        description="How the windows of a long text become one vector: their mean weighted by "
        "tokens, their largest values, or a mean with learned weights. See encoder.long_texts.",
    )
    special_tokens: bool = Field(
        default=True,
        description="Count the tokens that the tokenizer adds, such as [CLS], [SEP]. Not given: "
        "yes, but not in idf_mean and sif_mean.",
    )
    prompt_tokens: bool = Field(
        default=True,
        description="Count the tokens of the prompt; likewise. If not, a [CLS] before the prompt "
        "does not count either, as in sentence-transformers.",
    )
    dense: bool = Field(
        default=False,
        description="Apply the Dense layers of the model folder (sentence-transformers).",
    )
    normalize: bool = Field(
        default=True, description="Scale each vector to length 1, as cosine similarity expects."
    )
    dimensions: int | None = Field(
        default=None,
        ge=1,
        description="Keep only the first so many dimensions (for Matryoshka models), then scale.",
    )
    precision: Precision = Field(
        default="float32",
        description="Of the stored vectors: float16 takes half the space, int8 a quarter, binary "
        "a 32nd. int8 needs ranges.",
    )
    ranges: str | None = Field(
        default=None,
        description="For int8: the smallest and largest value of each dimension, by the name that "
        "fit-ranges printed; they are in the store.",
    )

    @property
    def reads_cls(self) -> bool:
        """Whether the vector is made from the classification token alone."""
        return self.strategy in ("cls", "pooler")

    @property
    def learns_mix(self) -> bool:
        """Whether the weights of the layers are learned."""
        return self.combine == "mix" and not self.mix_weights

    @property
    def needs_weights(self) -> bool:
        """Whether there is something to fit before the pooling can be used."""
        strategy = POOLERS[self.strategy](**self.parameters)
        is_learned = self.learns_mix or self.over_windows == "attention"
        return is_learned or isinstance(strategy, FittedStrategy)

    @model_validator(mode="before")
    @classmethod
    def _fill_in(cls, value: Any) -> Any:
        """A bare name is a strategy, and some strategies read words alone."""
        given = {"strategy": value} if isinstance(value, str) else value
        if isinstance(given, dict) and given.get("strategy") in CONTENT_ONLY:
            return {"special_tokens": False, "prompt_tokens": False} | given
        return given

    @field_validator("strategy")
    @classmethod
    def _refuse_unknown_strategy(cls, name: str) -> str:
        if name not in POOLERS:
            raise ValueError(f"pooling strategy {name!r} is not known; known: {', '.join(POOLERS)}")
        return name

    @field_validator("parameters")
    @classmethod
    def _write_out_parameters(cls, given: Parameters, info: Any) -> Parameters:
        strategy = info.data.get("strategy")
        return given if strategy is None else write_out(strategy, given)  # None: refused already

    @model_validator(mode="after")
    def _refuse_nonsense(self) -> "PoolingSpec":
        if self.reads_cls and not (self.special_tokens and self.prompt_tokens):
            raise ValueError(
                f"pooling {self.strategy!r} reads the special token before the prompt; found "
                f"special_tokens={self.special_tokens}, prompt_tokens={self.prompt_tokens}. Leave "
                "both on, or choose another strategy."
            )
        if self.strategy == "pooler" and self.layers != (-1,):
            raise ValueError(
                f"pooling 'pooler' reads the last layer; found layers {list(self.layers)}. Leave "
                "layers out, or choose another strategy, such as cls."
            )
        if len(set(self.layers)) < len(self.layers):
            raise ValueError(f"layers: each at most once; found {list(self.layers)}")
        return self

    @model_validator(mode="after")
    def _refuse_wrong_mix(self) -> "PoolingSpec":
        weights = list(self.mix_weights)
        if self.combine != "mix" and weights:
            raise ValueError(
                f"mix_weights {weights} with combine={self.combine!r}. Set combine to 'mix', or "
                "leave the weights out."
            )
        if weights and (len(weights) != len(self.layers) or sum(weights) == 0):
            raise ValueError(
                f"mix_weights: one weight for each of the layers {list(self.layers)}, not all 0; "
                f"found {weights}"
            )
        if self.combine == "mix" and len(self.layers) == 1:
            raise ValueError(
                f"combine='mix' of one layer, {list(self.layers)}. Name several layers, or leave "
                "combine out."
            )
        return self

    @model_validator(mode="after")
    def _refuse_idle_settings(self) -> "PoolingSpec":
        if self.weights is not None and not self.needs_weights:
            raise ValueError(
                f"weights {self.weights!r}, but pooling {self.strategy!r} with these settings has "
                "none to fill. Leave weights out."
            )
        refuse_way_over_windows(self.strategy, self.parameters, self.over_windows)
        return self

    @model_validator(mode="after")
    def _refuse_wrong_precision(self) -> "PoolingSpec":
        refuse_wrong_precision(self.precision, self.ranges, self.dimensions)
        return self

    def identity(self) -> dict[str, JsonValue]:
        """The settings that are hashed into a space's fingerprint."""
        settings = self.model_dump(mode="json")
        return {
            n: value for n, value in settings.items() if n not in NEUTRAL or value != NEUTRAL[n]
        }
