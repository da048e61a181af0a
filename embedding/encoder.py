"""Turn texts into vectors. Joins tokenizer, transformer and poolings; knows no files of a corpus.

Texts are tokenised once, in a thread ahead of the device; ordered by length over the whole
window; cut into batches by token budget; and every pooling is taken from the same forward pass.
"""

import logging
import time
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from embedding.architecture import Architecture
from embedding.batches import batch_cost, order_longest_first, pack_batch, texts_that_fit
from embedding.defaults import resolve_query_prompt, stated_pooling
from embedding.dense import Dense
from embedding.device import is_out_of_memory, release_memory
from embedding.dimensions import vector_dimension
from embedding.encoded import EncodedTexts, VectorArray
from embedding.folder import ModelFolder
from embedding.identity import EncoderIdentity
from embedding.model import Transformer
from embedding.spec import EncoderSpec
from embedding.tokenized import LongArray, TokenizedTexts
from embedding.tokenizer import TextTokenizer
from embedding.views import PlannedPooling, plan_pooling, pool_batch
from pooling import PoolingSpec

logger = logging.getLogger(__name__)

WINDOWS_AHEAD = 2
WINDOW_TEXTS = 16_384


@dataclass(frozen=True, slots=True)
class EncoderParts:
    """What `load_encoder` puts together."""

    folder: ModelFolder
    architecture: Architecture
    tokenizer: TextTokenizer
    transformer: Transformer
    dense: tuple[Dense, ...]


class Encoder:
    """A loaded encoder; make one with `load_encoder`.

    Attributes:
        spec: As asked for.
        identity: What its vectors depend on.
        device: Where it computes.
        token_budget: How much goes into one batch; halved whenever the device runs out of memory.
        parts: Its tokenizer and transformer.
    """

    def __init__(
        self, spec: EncoderSpec, identity: EncoderIdentity, *, parts: EncoderParts, token_budget: int
    ) -> None:
        """Take the parts; nothing is computed."""
        self.spec = spec
        self.identity = identity
        self.device = parts.transformer.device
        self.token_budget = token_budget
        self.parts = parts

    def encode(
        self, texts: Sequence[str], pooling: PoolingSpec | None = None, *, is_query: bool = False
    ) -> VectorArray:
        """One vector per text, in order; the pooling of the model folder if none is given.

        Raises:
            ValueError: A text has no token, or a vector is not finite; the message says which.
        """
        _refuse_other_than_texts(texts)
        plan = self._plan(stated_pooling(self.parts.folder) if pooling is None else pooling)
        prompt = self.identity.prompt
        if is_query:
            prompt = resolve_query_prompt(self.spec, self.parts.folder)
        windows = [texts[i : i + WINDOW_TEXTS] for i in range(0, len(texts), WINDOW_TEXTS)]
        found = list(self._encode_windows(windows, [plan], prompt))
        _refuse_problems(found)
        empty = np.empty((0, plan.dimension), dtype=plan.spec.precision)
        return np.concatenate([empty, *(result.vectors[0] for result in found)])

    def encode_windows(
        self, windows: Iterable[Sequence[str]], poolings: Sequence[PoolingSpec]
    ) -> Iterator[EncodedTexts]:
        """One result per window of texts, in order, with the vectors of every pooling.

        The next two windows are taken and tokenised while the device works on one. Memory holds
        these windows and one result, however many windows follow.

        Raises:
            ValueError: The encoder cannot give one of the poolings; said before any text is read.
        """
        plans = [self._plan(pooling) for pooling in poolings]
        return self._encode_windows(windows, plans, self.identity.prompt)

    def _plan(self, pooling: PoolingSpec) -> PlannedPooling:
        parts = self.parts
        dimension = vector_dimension(pooling, parts.folder, parts.architecture)
        if pooling.strategy == "cls" and parts.tokenizer.template.cls is None:
            raise ValueError(
                f"pooling 'cls': the tokenizer of model {self.spec.model!r} adds no classification "
                "token. Choose another strategy, such as mean or last_token."
            )
        return plan_pooling(
            pooling, parts.architecture.num_layers, dense=parts.dense, dimension=dimension
        )

    def _encode_windows(
        self, windows: Iterable[Sequence[str]], plans: Sequence[PlannedPooling], prompt: str
    ) -> Iterator[EncodedTexts]:
        ahead: deque[Future[TokenizedTexts]] = deque()
        tokenize = self.parts.tokenizer.tokenize
        with ThreadPoolExecutor(max_workers=1, thread_name_prefix="tokenizer") as thread:
            try:
                for texts in windows:
                    ahead.append(thread.submit(tokenize, texts, prompt))
                    if len(ahead) > WINDOWS_AHEAD:
                        yield self._encode_window(ahead.popleft(), plans)
                while ahead:
                    yield self._encode_window(ahead.popleft(), plans)
            finally:
                for future in ahead:
                    future.cancel()

    def _encode_window(
        self, future: Future[TokenizedTexts], plans: Sequence[PlannedPooling]
    ) -> EncodedTexts:
        started = time.perf_counter()
        tokenized = future.result()
        ready = time.perf_counter()
        size = len(tokenized.n_tokens)
        vectors = tuple(np.zeros((size, p.dimension), dtype=p.spec.precision) for p in plans)
        bad = tuple(np.zeros(size, dtype=np.bool_) for _ in plans)
        for rows, found in self._encode_batches(tokenized, plans):
            for i, (values, flags) in enumerate(found):
                vectors[i][rows], bad[i][rows] = values, flags
        return EncodedTexts(
            vectors=vectors,
            n_tokens=tokenized.n_tokens,
            truncated=tokenized.truncated,
            no_tokens=tokenized.no_tokens,
            bad=bad,
            n_unknown=tokenized.n_unknown,
            n_content=tokenized.n_content,
            device_seconds=time.perf_counter() - ready,
            wait_seconds=ready - started,
        )

    def _encode_batches(
        self, tokenized: TokenizedTexts, plans: Sequence[PlannedPooling]
    ) -> Iterator[tuple[LongArray, list[tuple[np.ndarray, np.ndarray]]]]:
        """The vectors of batch after batch; a batch that does not fit is tried again smaller."""
        order = order_longest_first(tokenized)
        widths = tokenized.lengths + len(self.parts.tokenizer.template)
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
    ) -> list[tuple[np.ndarray, np.ndarray]] | None:
        """The vectors of some texts, or nothing if they do not fit into memory together."""
        batch = pack_batch(tokenized, rows, self.parts.tokenizer.template)
        try:
            return pool_batch(self.parts.transformer, batch, plans)
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise
            if len(rows) == 1:
                raise MemoryError(
                    f"one text of {batch.width} tokens does not fit into the memory of "
                    f"{self.device}. Lower encoder.max_tokens, or free memory on the device."
                ) from error
        return None

    def _shrink_budget(self, num_texts: int, width: int) -> None:
        """Halve the budget, or what the failed batch took of it, so that its texts are split."""
        self.token_budget = min(self.token_budget, batch_cost(num_texts, width)) // 2
        release_memory(self.device)
        logger.warning(
            "%s: out of memory at %d texts of up to %d tokens; token budget is now %d",
            self.device,
            num_texts,
            width,
            self.token_budget,
        )


def _refuse_other_than_texts(texts: Sequence[str]) -> None:
    if isinstance(texts, str):
        raise ValueError("encode takes a list of texts; found one text. Wrap it: encode([text]).")
    for i, text in enumerate(texts):
        if not isinstance(text, str):
            raise ValueError(f"text {i} is a {type(text).__name__}, not a str. Leave it out.")


def _refuse_problems(found: Sequence[EncodedTexts]) -> None:
    for problem, flags in (
        ("without a token", [result.no_tokens for result in found]),
        ("whose vector is not finite or zero", [result.bad[0] for result in found]),
    ):
        rows = np.flatnonzero(np.concatenate([np.empty(0, np.bool_), *flags])).tolist()
        if rows:
            raise ValueError(f"{len(rows)} texts {problem}: {rows[:10]}. Leave them out.")
