"""Run rows of ids through the device, batch by batch. Knows memory, no texts and no poolings."""

import logging
from collections.abc import Callable, Iterator
from typing import TypeVar

from embedding.batches import (
    PackedBatch,
    batch_cost,
    order_longest_first,
    pack_batch,
    texts_that_fit,
)
from embedding.device import is_out_of_memory, release_memory
from embedding.model import Transformer
from embedding.template import Template
from embedding.tokenized import LongArray, TokenRows

logger = logging.getLogger(__name__)

Found = TypeVar("Found")


class BatchRunner:
    """Makes batches that fit into memory, and learns what fits.

    Attributes:
        token_budget: How much goes into one batch; halved whenever memory runs out.
        share_done: How far the last run is, by its tokens, within its stretch of the whole.
    """

    def __init__(self, transformer: Transformer, template: Template, *, token_budget: int) -> None:
        self.token_budget = token_budget
        self.share_done = 0.0
        self._transformer = transformer
        self._template = template

    @property
    def device(self) -> str:
        """Where it computes."""
        return self._transformer.device

    def run(
        self,
        tokens: TokenRows,
        work: Callable[[Transformer, PackedBatch], Found],
        *,
        stretch: tuple[float, float] = (0.0, 1.0),
    ) -> Iterator[tuple[LongArray, Found]]:
        """Which rows, and what the work made of them; batch after batch.

        Rows without content are left out. `stretch`: from where to where these rows bring a whole
        that takes several runs.

        Raises:
            MemoryError: A row does not fit even alone.
        """
        order = order_longest_first(tokens)
        widths = tokens.lengths + len(self._template)
        begin, end = stretch
        total, done = int(widths[order].sum()), 0
        while len(order):
            self.share_done = begin + (end - begin) * done / total
            rows = order[: texts_that_fit(int(widths[order[0]]), self.token_budget)]
            found = self._try_batch(tokens, rows, work)
            if found is None:
                self._shrink_budget(len(rows), int(widths[rows[0]]))
            else:
                yield rows, found
                done += int(widths[rows].sum())
                order = order[len(rows) :]

    def _try_batch(
        self,
        tokens: TokenRows,
        rows: LongArray,
        work: Callable[[Transformer, PackedBatch], Found],
    ) -> Found | None:
        """What the work made of some rows, or nothing if they do not fit into memory together."""
        batch = pack_batch(tokens, rows, self._template)
        try:
            return work(self._transformer, batch)
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
