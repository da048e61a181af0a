"""Run rows of ids through the device, batch by batch. Knows memory, no texts and no poolings."""

import logging
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from functools import cached_property, partial
from itertools import chain
from threading import Lock
from typing import TypeVar

import numpy as np
import torch

from embedding.batches import (
    PackedBatch,
    batch_cost,
    cost_of_texts,
    order_longest_first,
    pack_batch,
    texts_that_fit,
)
from embedding.core_threads import map_ahead, open_threads
from embedding.device import is_out_of_memory, release_memory
from embedding.model import Transformer
from embedding.template import Template
from embedding.tokenized import LongArray, TokenRows

logger = logging.getLogger(__name__)

# What one thread takes at least, where several share the work: products of fewer tokens are slower.
LEAST_SHARE = 512

Found = TypeVar("Found")


class BatchRunner:
    """Makes batches that fit into memory, and learns what fits.

    Attributes:
        token_budget: How much goes into one batch; halved whenever memory runs out.
        share_done: How far the last run is, by its tokens, within its stretch of the whole.
    """

    def __init__(
        self,
        transformer: Transformer,
        template: Template,
        *,
        token_budget: int,
        num_threads: int = 1,
    ) -> None:
        """Batches go through the transformer side by side in at most so many threads."""
        self.token_budget = token_budget
        self.share_done = 0.0
        self._transformer = transformer
        self._template = template
        self._num_threads = num_threads
        self._shrinking = Lock()

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

        Rows without content are left out. In threads, what the caller's own says of gradients does
        not reach the work. `stretch`: from where to where these rows bring a whole
        that takes several runs.

        Raises:
            MemoryError: A row does not fit even alone.
        """
        order = order_longest_first(tokens)
        widths = self._widths(tokens, order)
        begin, end = stretch
        total, done = int(widths.sum()), 0
        self.share_done = begin
        try_rows = partial(self._try_rows, tokens, work)
        with closing(self._work_off(try_rows, order, cost_of_texts(widths))) as batches:
            for rows, found in chain.from_iterable(batches):
                yield rows, found
                done += int(self._widths(tokens, rows).sum())
                self.share_done = begin + (end - begin) * done / total

    def _widths(self, tokens: TokenRows, rows: LongArray) -> LongArray:
        """Their tokens, with those of the template."""
        widths: LongArray = tokens.lengths[rows] + len(self._template)
        return widths

    def _work_off(
        self, try_rows: Callable[[LongArray], Found], order: LongArray, costs: LongArray
    ) -> Generator[Found, None, None]:
        """What becomes of all batches: those that cannot be shared out first, with all cores."""
        count = min(self._num_threads, torch.get_num_threads())
        alone = int((costs > self.token_budget).sum())
        if count == 1 or costs[alone:].sum() < count * LEAST_SHARE:
            alone = len(order)
        for rows in self._cut(order[:alone], costs[:alone], num_threads=1):
            yield try_rows(rows)
        if alone < len(order):
            shares = self._cut(order[alone:], costs[alone:], num_threads=count)
            yield from map_ahead(self._threads, try_rows, shares, ahead=2 * count)

    @cached_property
    def _threads(self) -> ThreadPoolExecutor:
        return open_threads(self._num_threads)

    def _cut(self, order: LongArray, costs: LongArray, *, num_threads: int) -> Iterator[LongArray]:
        """The rows of one batch after the other, in their order, as much as fits by now.

        The last ones become ever smaller, so that all threads are done at about the same time.
        """
        left, start = int(costs.sum()), 0
        while start < len(order):
            budget = self.token_budget
            if num_threads > 1:
                budget = min(budget, max(LEAST_SHARE, left // (2 * num_threads)))
            end = start + self._count_fitting(costs[start : start + budget], budget)
            yield order[start:end]
            left -= int(costs[start:end].sum())
            start = end

    def _count_fitting(self, costs: LongArray, budget: int) -> int:
        """How many texts go into a batch, at least one; padded, all cost as much as the longest."""
        if not self._transformer.is_packed:
            return max(1, min(len(costs), budget // int(costs[0])))
        return max(1, int(np.searchsorted(np.cumsum(costs), budget, side="right")))

    def _try_rows(
        self,
        tokens: TokenRows,
        work: Callable[[Transformer, PackedBatch], Found],
        rows: LongArray,
    ) -> list[tuple[np.ndarray, Found]]:
        """What the work made of the rows: of all at once, or of fewer where memory ran out."""
        results = []
        part = rows
        while len(rows):
            found = self._try_batch(tokens, part, work)
            if found is None:
                self._shrink_budget(len(part), int(self._widths(tokens, part[:1])[0]))
            else:
                results.append((part, found))
                rows = rows[len(part) :]
            if len(rows):
                width = int(self._widths(tokens, rows[:1])[0])
                part = rows[: texts_that_fit(width, self.token_budget)]
        return results

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
        cost = batch_cost(num_texts, width)
        with self._shrinking:
            if cost > self.token_budget:  # another thread's batch has halved it meanwhile
                return
            self.token_budget = cost // 2
        release_memory(self._transformer.device)
        logger.warning(
            "%s: out of memory at %d texts of up to %d tokens; token budget is now %d",
            self._transformer.device,
            num_texts,
            width,
            self.token_budget,
        )
