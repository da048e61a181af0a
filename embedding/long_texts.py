"""Say what is read of a text that is too long to be read at once. Knows numbers and ids only."""

from typing import ClassVar, Literal

from pydantic import BaseModel, ConfigDict

_FROZEN = ConfigDict(frozen=True, extra="forbid")


class Windows(BaseModel):
    """The text is read piece by piece, as far as so many pieces reach.

    Attributes:
        overlap: How many ids a window shares with the one before.
        max_windows: At most so many; what follows is cut off.
    """

    model_config = _FROZEN

    policy: Literal["windows"] = "windows"
    overlap: int = 0
    max_windows: int
    tail_tokens: ClassVar[int] = 0

    @property
    def least_room(self) -> int:
        """How many ids must fit beside template and prompt: the shared ones and a new one."""
        return self.overlap + 1

    @property
    def spelled(self) -> str:
        """The setting that takes room, as a user writes it."""
        return f"encoder.window_overlap={self.overlap}"

    def most_ids(self, room: int, prompt: int = 0) -> int:
        """How many ids of a text are kept, the prompt's among them, where `room` fit at once."""
        return room + (self.max_windows - 1) * (room - prompt - self.overlap)

    def keep(self, row: list[int], room: int, prompt: int) -> list[int]:
        """What the windows reach of a text that begins with so many ids of the prompt."""
        return row[: self.most_ids(room, prompt)]


class HeadTail(BaseModel):
    """The beginning and the end of the text are read as one.

    Source: https://arxiv.org/abs/1905.05583, there with 128 and 382 tokens.

    Attributes:
        tail_tokens: How many ids the end has; the beginning gets the rest of the room.
    """

    model_config = _FROZEN

    policy: Literal["head_tail"] = "head_tail"
    tail_tokens: int
    overlap: ClassVar[int] = 0

    @property
    def least_room(self) -> int:
        """How many ids must fit beside template and prompt: the tail and one before it."""
        return self.tail_tokens + 1

    @property
    def spelled(self) -> str:
        """The setting that takes room, as a user writes it."""
        return f"encoder.tail_tokens={self.tail_tokens}"

    def most_ids(self, room: int) -> int:
        """How many ids of a text are kept: as many as fit at once."""
        return room

    def keep(self, row: list[int], room: int, prompt: int) -> list[int]:
        """The row itself, or its two ends; the prompt is in the first."""
        if len(row) <= room:
            return row
        return row[: room - self.tail_tokens] + row[-self.tail_tokens :]


LongTexts = Windows | HeadTail

# To cut a text off is to read one window of it.
TRUNCATE = Windows(max_windows=1)
