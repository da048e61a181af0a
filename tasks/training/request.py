"""What a training of labelers is asked: specs alone. Reads no corpus and loads no model."""

from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from data import CorpusSpec, StoreSpec, slug
from labeling import EnsembleSpec, FineTuneSpec, HeadSpec, SplitSpec, TrainSpec
from pooling import PoolingSpec
from tasks.run_spec import RunSpec
from tasks.training.findings import EncoderPoolings

_FROZEN = ConfigDict(frozen=True, extra="forbid")
_BASELINE = HeadSpec(head="tfidf")


class TrainingSpec(BaseModel):
    """What is trained on the labels, and how it is judged."""

    model_config = _FROZEN

    title: str | None = Field(
        default=None,
        pattern=r"^[a-z0-9][a-z0-9_]{0,62}$",
        description="What the labelers are called, each with its pooling and head after it; empty: "
        "as the corpus. Trained again under the same title, they are new versions.",
    )
    split_column: str | None = Field(
        default=None,
        description="Column that says of a row where it belongs: rows of 'test' are only tested "
        "on, all others are trained on. It must be among corpus.carry_columns. Empty: by chance.",
    )
    split: SplitSpec = Field(
        default=SplitSpec(), description="How rows are split, and what is left out."
    )
    heads: tuple[HeadSpec, ...] = Field(
        default=(HeadSpec(),),
        description="What is trained on each space, by name or as JSON. tfidf, over the texts "
        "themselves, is always trained besides.",
    )
    ensembles: tuple[EnsembleSpec, ...] = Field(
        default=(EnsembleSpec(),),
        description="How all labelers are joined into one more, by name or as JSON.",
    )
    learned: tuple[PoolingSpec, ...] = Field(
        default=(),
        description="Poolings with weights, to be learned with a head on the frozen encoder.",
    )
    learning: TrainSpec = Field(default=TrainSpec(), description="How these are learned.")
    fine_tuned: tuple[PoolingSpec, ...] = Field(
        default=(),
        description="Poolings with which the whole encoder is trained; each makes a model folder "
        "under the store's folder encoders.",
    )
    fine_tuning: FineTuneSpec = Field(
        default=FineTuneSpec(), description="How the encoder is trained."
    )
    descriptions: dict[str, str] = Field(
        default={},
        description="What each label means, in words, for the head prototype: label to text.",
    )
    target_precision: Annotated[float, Field(gt=0, lt=1)] = Field(
        default=0.9,
        description="The share of decisions without review that shall be right. What is less sure "
        "is left to people.",
    )
    max_rows: int | None = Field(
        default=200_000,
        ge=2,
        description="At most so many rows with a label, those with the smallest hashes of their "
        "texts; empty: all. One matrix of vectors of them is in memory.",
    )
    use_reviews: bool = Field(
        default=False,
        description="Labels that people gave to documents of the corpus (flows.import_review) "
        "count, and replace those of the column.",
    )
    promote: bool = Field(
        default=False, description="Put the labeler that does best into force at once."
    )

    @model_validator(mode="after")
    def _refuse_nonsense(self) -> Self:
        for pooling in self.learned:
            if not pooling.needs_weights or pooling.weights is not None:
                raise ValueError(
                    f"learned: pooling {pooling.strategy!r} with these settings has nothing to "
                    "learn. Name it in poolings instead."
                )
        if any(head.head == "prototype" for head in self.heads) or not self.descriptions:
            return self
        raise ValueError(
            "descriptions are given, and no head reads them. Add the head prototype, or leave "
            "them out."
        )

    @model_validator(mode="after")
    def _refuse_folds(self) -> Self:
        """Of what is learned by gradients: all is ranked by rows that none of it had seen."""
        asked = ((self.learned, self.learning), (self.fine_tuned, self.fine_tuning))
        folds = {spec.validation_fold for poolings, spec in asked if poolings}
        if len(folds) > 1:
            raise ValueError(
                f"learning and fine_tuning hold out different folds, {sorted(folds)}, so no row "
                "could tell which does best. Give them one validation_fold."
            )
        if any(fold >= self.split.num_folds for fold in folds):
            raise ValueError(
                f"validation_fold={max(folds)}, but there are {self.split.num_folds} folds, "
                "counted from 0. Name one of them, or raise split.num_folds."
            )
        return self

    @property
    def space_heads(self) -> tuple[HeadSpec, ...]:
        """The heads over vectors."""
        return tuple(head for head in self.heads if not head.reads_texts)

    @property
    def text_heads(self) -> tuple[HeadSpec, ...]:
        """The heads over texts: at least the baseline."""
        return tuple(head for head in self.heads if head.reads_texts) or (_BASELINE,)


class TrainRequest(BaseModel):
    """What is trained: heads on each of the spaces, over one set of labelled documents."""

    model_config = _FROZEN

    corpus: CorpusSpec
    label_column: str
    spaces: tuple[EncoderPoolings, ...]
    training: TrainingSpec
    store: StoreSpec
    run: RunSpec

    @model_validator(mode="after")
    def _refuse_models_elsewhere(self) -> Self:
        if self.training.fine_tuned and "://" in self.store.path:
            raise ValueError(
                f"training.fine_tuned makes model folders, which {self.store.path} cannot hold: a "
                "model is read from a disk. Give a folder in store.path, or train heads and "
                "poolings alone."
            )
        return self

    @property
    def title(self) -> str:
        """What all labelers' titles begin with."""
        return self.training.title or slug(self.corpus.name)


def refuse_uncarried(request: TrainRequest) -> None:
    """Refuse columns that do not come with the documents.

    Raises:
        ValueError: labels or splits are not carried along.
    """
    named = {"label_column": request.label_column, "split_column": request.training.split_column}
    for field, column in named.items():
        if column is not None and column not in request.corpus.carry_columns:
            raise ValueError(
                f"{field} {column!r} is not among corpus.carry_columns, "
                f"{list(request.corpus.carry_columns)}. Add it there: labels are kept beside the "
                "documents."
            )
