"""What a kind of head is, and what one is fitted on. Knows the signatures, no head."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Protocol, Self

import numpy as np
from pydantic import ConfigDict

from labeling.labeler import Head, Inputs
from labeling.schema import LabelSchema
from labeling.training.train_spec import ClassWeight

# How the classes that hold a kind's parameters are checked.
PARAMETERS = ConfigDict(extra="forbid")


@dataclass(frozen=True, slots=True)
class TrainingRows:
    """What a head is fitted on.

    Attributes:
        schema: The labels.
        inputs: One entry per row: vectors, texts, or the probabilities of members.
        indicator: Bool [n, labels].
        class_weight: "balanced": each label counts as much as every other, however rare it is.
        seed: Of everything that is drawn.
        prototypes: Float32 [labels, dimension]: a vector of each label's description.
        share: Of the rows that the labeler itself is fitted on: below 1 where a fold is left out.
    """

    schema: LabelSchema
    inputs: Inputs
    indicator: np.ndarray
    class_weight: ClassWeight = "none"
    seed: int = 0
    prototypes: np.ndarray | None = None
    share: float = 1.0

    def take(self, places: np.ndarray) -> Self:
        """Only the rows at these places."""
        inputs, share = take(self.inputs, places), self.share * len(places) / len(self.indicator)
        return replace(self, inputs=inputs, indicator=self.indicator[places], share=share)

    def per_row(self, c: float) -> float:
        """The inverse penalty that weighs as much against one of these rows as `c` does with all.

        So logits are as large where a fold is left out, and a temperature that is fitted to these
        suits the head of all rows. With one `c` for both, that head would be too sure.
        """
        return c / self.share


@dataclass(frozen=True, slots=True)
class HeadSetting:
    """Where a head belongs: its labels, and how many labelers vote in it, if any do."""

    schema: LabelSchema
    num_members: int = 0

    @property
    def sizes(self) -> dict[str, int]:
        """What is known of the shapes of its tensors."""
        return {"labels": len(self.schema.labels), "members": self.num_members}


class HeadKind(Protocol):
    """A way to make a head; its fields are the parameters."""

    def choices(self, rows: TrainingRows) -> tuple["HeadKind", ...]:
        """Itself with everything settled: one for each value to choose from, the freest last."""
        ...

    def fit(self, rows: TrainingRows, start: Head | None) -> Head:
        """The head that fits the rows. `start`: one like it, from where the search may begin."""
        ...

    def restore(self, tensors: Mapping[str, np.ndarray], setting: HeadSetting) -> Head:
        """The head whose `tensors()` these are; the parameters play no part.

        Raises:
            ValueError: They are not those of such a head.
        """
        ...


def take(inputs: Inputs, places: np.ndarray) -> Inputs:
    """The entries at these places, in their order."""
    if isinstance(inputs, np.ndarray):
        taken: np.ndarray = inputs[places]
        return taken
    return [inputs[place] for place in places]
