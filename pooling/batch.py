"""Hold the tokens of several texts without padding. Knows tokens, no pooling."""

from dataclasses import dataclass, replace

from pooling.shapes import PooledTexts, TokenIds, TokenMask, TokenSegments, TokenStates


@dataclass(frozen=True, slots=True)
class TokenBatch:
    """The states of the real tokens of `n` texts, text after text.

    Every text has at least one token that counts: the maker of a batch owes that. Nobody changes
    the tensors in place: the poolings of one pass share them.

    Attributes:
        states: One row per token, the layers already combined.
        segment: The number of each token's text, ascending from 0 to n - 1.
        n: How many texts.
        ids: Vocabulary ids.
        counted: False for a token that this pooling leaves out.
        cls: True for the tokenizer's classification token; None: the first token of each text.
        window: The number of each token's window within its text; None: one window a text.
        pooled: What the model's own pooler made of each text; None: the model has none.
    """

    states: TokenStates
    segment: TokenSegments
    n: int
    ids: TokenIds
    counted: TokenMask
    cls: TokenMask | None = None
    window: TokenSegments | None = None
    pooled: PooledTexts | None = None

    def select_counted(self) -> "TokenBatch":
        """The same batch without the tokens that do not count."""
        if bool(self.counted.all()):
            return self
        keep = self.counted
        return replace(
            self,
            states=self.states[keep],
            segment=self.segment[keep],
            ids=self.ids[keep],
            counted=self.counted[keep],
            cls=None if self.cls is None else self.cls[keep],
            window=None if self.window is None else self.window[keep],
        )
