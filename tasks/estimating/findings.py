"""What an estimate says, as frozen models: figures for a person, each with what it means.

Knows no corpus and measures nothing.
"""

from pydantic import BaseModel, ConfigDict, Field

_FROZEN = ConfigDict(frozen=True, extra="forbid")


class SampleSpec(BaseModel):
    """How much is tried."""

    model_config = _FROZEN

    texts: int = Field(
        default=2_000, ge=1, description="At most so many texts go through the model."
    )
    seconds: float = Field(
        default=20,
        gt=0,
        description="About how long they are read and embedded; slow models get fewer texts. The "
        "start of the model, and of processes if the run would take some, comes on top.",
    )


class Spread(BaseModel):
    """A figure, and the lowest and highest that a share of the sample gives."""

    model_config = _FROZEN

    value: float
    low: float
    high: float

    def times(self, factor: float) -> "Spread":
        """Another unit."""
        return Spread(value=self.value * factor, low=self.low * factor, high=self.high * factor)


class TextsFound(BaseModel):
    """What the sample's texts are like.

    Attributes:
        num_texts: How many went through the model.
        lengths: In tokens, of which 10, 50, 90, 99 and 100 % of the texts have no more; None where
            a text is too long to be counted.
        truncated: The share of the texts that were cut.
        unknown: The share of the tokens that the tokenizer does not know.
        windows: In how many pieces a text is read.
        without_vector: Shares of the texts, by reason.
    """

    model_config = _FROZEN

    num_texts: int
    lengths: tuple[int | None, ...]
    truncated: float
    unknown: float
    windows: float
    without_vector: dict[str, float]


class Output(BaseModel):
    """What one dataset will take on disk."""

    model_config = _FROZEN

    dataset: str
    size_bytes: Spread


class Pace(BaseModel):
    """How fast texts go through the model.

    Attributes:
        num_processes: How many the run would take.
        texts: A second, of all processes together.
        tokens: Likewise.
        texts_of_one: A second, of the one process that tried the sample.
        budgets: The token budgets that were tried, the run's own first.
        better_budget: Another one that was clearly faster.
        gain: How many times as fast that one was.
        memory_bytes: About what one process takes.
    """

    model_config = _FROZEN

    num_processes: int
    texts: Spread
    tokens: Spread
    texts_of_one: Spread
    budgets: tuple[int, ...]
    better_budget: int | None
    gain: float
    memory_bytes: int


class CorpusEstimate(BaseModel):
    """What embed-corpus would find, take and leave. Shares are of the rows that are owed.

    Attributes:
        chunks_read: How many chunks the sample is from.
        new: Rows whose text needs the model.
        reused: Rows whose text is stored already.
        duplicates: Rows whose text stands in the same chunk before.
        rejected: Rows without a text, by reason.
        texts: Of those that were tried; None: no text needs the model.
        pace: Likewise.
        run_seconds: How long the run would take, without its seal and catalog.
        seconds: What the estimate took.
        notes: What the user should know.
    """

    model_config = _FROZEN

    corpus: str
    rows: int
    files: int
    chunks: int
    owed_rows: int
    owed_chunks: int
    chunks_read: int = 0
    new: float = 0.0
    reused: float = 0.0
    duplicates: float = 0.0
    rejected: dict[str, float] = {}
    texts: TextsFound | None = None
    pace: Pace | None = None
    run_seconds: Spread = Spread(value=0, low=0, high=0)
    outputs: tuple[Output, ...] = ()
    seconds: float = 0.0
    notes: tuple[str, ...] = ()
