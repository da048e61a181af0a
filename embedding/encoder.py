"""Turn texts into vectors. Joins tokenizer, transformer and poolings; knows no files of a corpus.

Texts are tokenised once, in a thread ahead of the device; ordered by length over the whole
group; cut into batches by token budget; and every pooling is taken from the same forward pass.
"""

import time
from collections import deque
from collections.abc import Generator, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from threading import Lock

import numpy as np

from embedding.architecture import Architecture
from embedding.core_threads import count_threads
from embedding.defaults import resolve_query_prompt, stated_pooling
from embedding.dense import Dense
from embedding.dimensions import check_over_windows, fitting_pooler, vector_dimension
from embedding.encoded import EncodedTexts, VectorArray, refuse_other_than_texts, refuse_problems
from embedding.fitted import refuse_foreign
from embedding.folder import ModelFolder
from embedding.identity import EncoderIdentity
from embedding.model import Transformer
from embedding.pooled_texts import pool_texts
from embedding.runner import BatchRunner
from embedding.spec import EncoderSpec
from embedding.tokenized import TokenizedTexts
from embedding.tokenizer import TextTokenizer
from embedding.views import PlannedPooling, plan_pooling
from pooling import FittedByName, PoolingSpec, plan_rounding

GROUPS_AHEAD = 2
GROUP_TEXTS = 16_384


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
        parts: Its tokenizer and transformer.
    """

    def __init__(
        self,
        spec: EncoderSpec,
        identity: EncoderIdentity,
        *,
        parts: EncoderParts,
        token_budget: int,
    ) -> None:
        self.spec = spec
        self.identity = identity
        self.device = parts.transformer.device
        self.parts = parts
        self._runner = BatchRunner(
            parts.transformer,
            parts.tokenizer.template,
            token_budget=token_budget,
            num_threads=count_threads(
                self.device, parts.architecture.config, is_foreign=spec.trust_remote_code
            ),
        )
        # Threads take turns at whole groups: at batches, all would be done at the same time.
        self._tokenizing, self._computing, self._idle_since = Lock(), Lock(), 0.0
        self._texts_in_work = 0

    @property
    def token_budget(self) -> int:
        """How much goes into one batch; halved whenever the device runs out of memory."""
        return self._runner.token_budget

    @property
    def texts_done(self) -> float:
        """About how many texts of the group in work have been through the device."""
        return self._runner.share_done * self._texts_in_work

    def encode(
        self,
        texts: Sequence[str],
        pooling: PoolingSpec | None = None,
        *,
        fitted: FittedByName | None = None,
        is_query: bool = False,
    ) -> VectorArray:
        """One vector per text, in order; the pooling of the model folder if none is given.

        Raises:
            ValueError: A text has no token, or a vector is not finite; the message says which.
        """
        refuse_other_than_texts(texts)
        plan = self.plan(pooling or stated_pooling(self.parts.folder), fitted)
        prompt = self.identity.prompt
        if is_query:
            prompt = resolve_query_prompt(self.spec, self.parts.folder)
        groups = [texts[i : i + GROUP_TEXTS] for i in range(0, len(texts), GROUP_TEXTS)]
        found = list(self._encode_groups(groups, [plan], prompt))
        refuse_problems(found)
        return np.concatenate([plan.room_for(0), *(result.vectors[0] for result in found)])

    def encode_groups(
        self,
        groups: Iterable[Sequence[str]],
        poolings: Sequence[PoolingSpec],
        fitted: FittedByName | None = None,
    ) -> Generator[EncodedTexts, None, None]:
        """One result per group of texts, in order, with the vectors of every pooling.

        The next two groups are taken and tokenised while the device works on one. Memory holds
        these groups and one result, however many groups follow.

        Raises:
            ValueError: The encoder cannot give one of the poolings; said before any text is read.
        """
        plans = [self.plan(pooling, fitted) for pooling in poolings]
        return self._encode_groups(groups, plans, self.identity.prompt)

    def plan(self, pooling: PoolingSpec, fitted: FittedByName | None) -> PlannedPooling:
        """The pooling with all that it needs of this encoder.

        Raises:
            ValueError: The encoder cannot give it, or what was fitted does not fit.
        """
        check_over_windows(pooling, self.spec.long_texts)
        parts = self.parts
        refuse_foreign(pooling, self.identity, fitted)
        pooler = fitting_pooler(pooling, parts.folder, parts.architecture, fitted)
        dimension = vector_dimension(pooler, parts.folder, parts.architecture)
        identity = self.identity.model_dump(mode="json")
        if pooling.reads_cls and parts.tokenizer.template.cls is None:
            raise ValueError(
                f"pooling {pooling.strategy!r}: the tokenizer of model {self.spec.model!r} adds no "
                "classification token. Choose another strategy, such as mean or last_token."
            )
        return plan_pooling(
            pooler.to(self.device),
            parts.architecture.num_layers,
            dense=parts.dense,
            rounding=plan_rounding(pooling, dimension, identity, fitted).to(self.device),
        )

    def _encode_groups(
        self, groups: Iterable[Sequence[str]], plans: Sequence[PlannedPooling], prompt: str
    ) -> Generator[EncodedTexts, None, None]:
        ahead: deque[Future[TokenizedTexts]] = deque()
        with ThreadPoolExecutor(max_workers=1, thread_name_prefix="tokenizer") as thread:
            try:
                for texts in groups:
                    ahead.append(thread.submit(self._tokenize, texts, prompt))
                    if len(ahead) > GROUPS_AHEAD:
                        yield self._encode_group(ahead.popleft(), plans)
                while ahead:
                    yield self._encode_group(ahead.popleft(), plans)
            finally:
                for future in ahead:
                    future.cancel()

    def _tokenize(self, texts: Sequence[str], prompt: str) -> TokenizedTexts:
        with self._tokenizing:
            return self.parts.tokenizer.tokenize(texts, prompt)

    def _encode_group(
        self, future: Future[TokenizedTexts], plans: Sequence[PlannedPooling]
    ) -> EncodedTexts:
        asked, tokenized = time.perf_counter(), future.result()
        with self._computing:
            started = time.perf_counter()
            waited = started - max(asked, self._idle_since)
            self._texts_in_work = len(tokenized.lengths)
            pooled = pool_texts(self._runner, tokenized, plans, self.parts.tokenizer.window_cut)
            self._texts_in_work = 0
            self._idle_since = ended = time.perf_counter()
        return EncodedTexts(
            vectors=pooled.vectors,
            n_tokens=tokenized.n_tokens,
            truncated=tokenized.truncated,
            n_windows=pooled.n_windows,
            no_tokens=tokenized.no_tokens,
            bad=pooled.bad,
            n_unknown=tokenized.n_unknown,
            n_content=tokenized.n_content,
            device_seconds=ended - started,
            wait_seconds=waited,
        )
