"""What a training came to, as frozen models: the labelers with their figures, names and notes."""

from pydantic import BaseModel, ConfigDict

from embedding import EncoderSpec
from labeling import Evaluation, LabelSchema, PairedTest
from pooling import PoolingSpec

_FROZEN = ConfigDict(frozen=True, extra="forbid")


class EncoderPoolings(BaseModel):
    """Spaces of one encoder, as embed-corpus is asked for them."""

    model_config = _FROZEN

    encoder: EncoderSpec
    poolings: tuple[PoolingSpec, ...]


class TrainedLabeler(BaseModel):
    """One labeler of a training, which is in the store under `name`.

    Attributes:
        title: What it is called from version to version.
        reads: Its space in SQL, "text", or its members' titles.
        method: Its head or ensemble.
        held_quality: Accuracy (micro F1 of a multi-label task) on training rows, out of fold:
            what labelers are chosen by. The evaluation, on test rows, is for looking at alone.
        seconds: What training it took.
    """

    model_config = _FROZEN

    name: str
    title: str
    reads: str
    method: str
    evaluation: Evaluation
    held_quality: float
    seconds: float


class Training(BaseModel):
    """All labelers that one training made of one set of examples.

    Attributes:
        title: What all titles begin with.
        examples: In words: rows used, how they were split, what was left out and why.
        labelers: In the order in which they were trained; the baseline over the texts is first.
        tests: Each labeler against the best, and the best encoder's against the baseline, on the
            same test rows, by titles.
        recommended: The title that did best out of fold.
        spaces: New spaces whose vectors are still to be embedded: of learned poolings, and of an
            encoder that was fine-tuned.
    """

    model_config = _FROZEN

    title: str
    corpus: str
    label_column: str
    label_schema: LabelSchema
    examples: tuple[str, ...]
    labelers: tuple[TrainedLabeler, ...]
    tests: tuple[PairedTest, ...]
    recommended: str
    spaces: tuple[EncoderPoolings, ...] = ()

    def labeler(self, title: str) -> TrainedLabeler:
        """The labeler of that title."""
        return next(labeler for labeler in self.labelers if labeler.title == title)
