"""Run tokenised texts through the device, batch by batch. Knows memory, no texts."""

import logging
from collections.abc import Iterator, Sequence

import numpy as np

from embedding.batches import batch_cost, order_longest_first, pack_batch, texts_that_fit
from embedding.device import is_out_of_memory, release_memory
from embedding.model import Transformer
from embedding.template import Template
from embedding.tokenized import LongArray, TokenizedTexts
from embedding.views import PlannedPooling, pool_batch

logger = logging.getLogger(__name__)

PooledRows = list[tuple[np.ndarray, np.ndarray]]


class BatchRunner:
    """Makes batches that fit into memory, and learns what fits.

    Attributes:
        token_budget: How much goes into one batch; halved whenever memory runs out.
    """

    def __init__(self, transformer: Transformer, template: Template, *, token_budget: int) -> None:
        self.token_budget = token_budget
        self._transformer = transformer
        self._template = template

    def run(
        self, tokenized: TokenizedTexts, plans: Sequence[PlannedPooling]
    ) -> Iterator[tuple[LongArray, PooledRows]]:
        """Which texts, and for each pooling their vectors and which are bad; batch after batch.

        Texts without a token are left out.

        Raises:
            MemoryError: A text does not fit even alone.
        """
        order = order_longest_first(tokenized)
        widths = tokenized.lengths + len(self._template)
        while len(order):
            rows = order[: texts_that_fit(int(widths[order[0]]), self.token_budget)]
            found = self._try_batch(tokenized, rows, plans)
            if found is None:
                self._shrink_budget(len(rows), int(widths[rows[0]]))
            else:
                yield rows, found
                order = order[len(rows) :]

    def _try_batch(
        self, tokenized: TokenizedTexts, rows: LongArray, plans: Sequence[PlannedPooling]
    ) -> PooledRows | None:
        """The vectors of some texts, or nothing if they do not fit into memory together."""
        batch = pack_batch(tokenized, rows, self._template)
        try:
            return pool_batch(self._transformer, batch, plans)
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise
            if len(rows) == 1:
                raise MemoryError(
                    f"one text of {batch.width} tokens does not fit into the memory of "
                    f"{self._transformer.device}. Lower encoder.max_tokens, or free memory there."
                ) from error
        return None  # only here, where the error is gone, can the memory that it holds be released

    def _shrink_budget(self, num_texts: int, width: int) -> None:
        """Halve the budget, or what the failed batch took of it, so that its texts are split."""
        self.token_budget = min(self.token_budget, batch_cost(num_texts, width)) // 2
        release_memory(self._transformer.device)
        logger.warning(
            "%s: out of memory at %d texts of up to %d tokens; token budget is now %d",
            self._transformer.device,
            num_texts,
            width,
            self.token_budget,
        )
