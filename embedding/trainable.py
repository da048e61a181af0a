"""Give a pooling that is to be trained the very token states that it will be used on.

Knows an encoder and a pooling; knows no labels, and not how weights are changed.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np
from pydantic import JsonValue
from torch import Tensor

from embedding.batches import PackedBatch
from embedding.encoder import Encoder
from embedding.model import Transformer
from embedding.runner import BatchRunner
from embedding.tokenized import IntArray, LongArray, TokenizedTexts, TokenRows
from embedding.views import PlannedPooling, View
from embedding.windows import TextWindows
from pooling import Fitted, PoolingSpec, Sizes, TextPooler, TokenBatch
from pooling.table import CONTENT_ONLY

Found = TypeVar("Found")

_NAME = "those in training"


@dataclass(frozen=True, slots=True)
class TrainablePooling:
    """A pooling whose weights may change, and how its encoder's states get to it.

    Attributes:
        encoder: Gives the states.
        plan: What becomes of them; its pooler's weights are those to train.
        runner: Makes batches that fit into memory.
    """

    encoder: Encoder
    plan: PlannedPooling
    runner: BatchRunner

    @property
    def pooler(self) -> TextPooler:
        """The module with the weights; one without any has nothing to train."""
        return self.plan.pooler

    @property
    def pooling(self) -> PoolingSpec:
        """As asked for, without a name for the weights."""
        return self.plan.spec.model_copy(update={"weights": None})

    @property
    def state_width(self) -> int:
        """How many numbers a token has in `run`: layers that are still to be mixed side by side."""
        hidden = self.encoder.parts.architecture.hidden_size
        return hidden * (len(self._view.layers) if self._view.combine == "concat" else 1)

    def tokenize(self, texts: Sequence[str]) -> TokenizedTexts:
        """The ids of the texts, each behind the encoder's prompt.

        Raises:
            ValueError: A text has none.
        """
        tokenized = self.encoder.parts.tokenizer.tokenize(texts, self.encoder.identity.prompt)
        if empty := np.flatnonzero(tokenized.no_tokens).tolist():
            raise ValueError(f"{len(empty)} texts without a token: {empty[:10]}. Leave them out.")
        return tokenized

    def most_states(self, tokenized: TokenizedTexts) -> IntArray:
        """How many tokens of each text are read at most, those counted that windows share."""
        tokenizer = self.encoder.parts.tokenizer
        around = len(tokenizer.template) + tokenizer.window_cut.overlap + tokenized.prompt_tokens
        windows = tokenizer.window_cut.count(tokenized)
        most: IntArray = (tokenized.lengths + windows * around).astype(np.int32)
        return most

    def cut(self, tokenized: TokenizedTexts, chosen: LongArray) -> TextWindows:
        """The windows of some texts; one for each where long texts are not read in windows."""
        return self.encoder.parts.tokenizer.window_cut.cut(tokenized, chosen)

    def run(
        self, rows: TokenRows, work: Callable[[TokenBatch, LongArray], Found]
    ) -> Iterator[tuple[LongArray, Found]]:
        """Which rows, and what the work made of the states of their tokens that count.

        The work is done again, on fewer rows, where memory ran out in it.

        Raises:
            MemoryError: A row does not fit even alone.
        """
        view = self._view
        wants_pooled = self.plan.spec.strategy == "pooler"

        def read(transformer: Transformer, batch: PackedBatch) -> Found:
            found = transformer.forward(batch, view.layers, wants_pooled=wants_pooled)
            return work(view.batch_of(found, batch), batch.rows)

        return self.runner.run(rows, read)

    def vectors_of(self, batch: TokenBatch) -> Tensor:
        """The finished vectors of texts, as their space will store them; gradients go through."""
        pooler = self.pooler
        if pooler.mix is not None:
            layers = list(batch.states.chunk(len(self._view.layers), dim=1))
            batch = replace(batch, states=pooler.mix(layers))
        return self.plan.vectors_of(batch)[0].float()

    def to_fitted(self, **about: JsonValue) -> Fitted:
        """What was learned, for a store, and with which encoder."""
        identity = self.encoder.identity.model_dump(mode="json")
        return self.pooler.to_fitted(encoder=identity, **about)

    @property
    def _view(self) -> View:
        """Layers whose weights are learned are mixed behind the states, not before."""
        if not self.plan.spec.learns_mix:
            return self.plan.view
        return replace(self.plan.view, combine="concat", mix_weights=())


def trainable_pooling(encoder: Encoder, pooling: PoolingSpec) -> TrainablePooling:
    """The pooling with fresh weights, from torch's seed, for the states of this encoder.

    Raises:
        ValueError: The encoder cannot give this pooling, or its weights cannot be trained.
    """
    _refuse_untrainable(pooling)
    plan = _fresh_plan(encoder, pooling) if pooling.needs_weights else encoder.plan(pooling, None)
    parts = encoder.parts
    runner = BatchRunner(
        parts.transformer, parts.tokenizer.template, token_budget=encoder.token_budget
    )
    return TrainablePooling(encoder, plan, runner)


def vectors_of_texts(
    encoder: Encoder, texts: Sequence[str], pooling: PoolingSpec, fitted: Fitted | None
) -> np.ndarray:
    """The float32 vectors that a space of this pooling holds of the texts.

    Raises:
        ValueError: A text has no token, or its vector is not finite.
    """
    if fitted is None:
        return encoder.encode(texts, pooling).astype(np.float32)
    named = pooling.model_copy(update={"weights": _NAME})
    return encoder.encode(texts, named, fitted={_NAME: fitted}).astype(np.float32)


def _fresh_plan(encoder: Encoder, pooling: PoolingSpec) -> PlannedPooling:
    architecture = encoder.parts.architecture
    side_by_side = len(pooling.layers) if pooling.combine == "concat" else 1
    sizes = Sizes(architecture.hidden_size * side_by_side, architecture.vocabulary_size)
    fresh = {_NAME: TextPooler(pooling, sizes).to_fitted()}
    plan = encoder.plan(pooling.model_copy(update={"weights": _NAME}), fresh)
    plan.pooler.requires_grad_(True)
    return plan


def _refuse_untrainable(pooling: PoolingSpec) -> None:
    what = f"pooling {pooling.strategy!r}"
    if pooling.weights is not None:
        raise ValueError(
            f"{what}: weights={pooling.weights!r} are fitted already. Leave weights out to train "
            "others."
        )
    if pooling.strategy in CONTENT_ONLY:
        raise ValueError(
            f"{what} has counts of tokens for weights: they are counted, not trained. Count with "
            "python -m flows.fit_token_weights, or choose another strategy."
        )
    if pooling.precision not in ("float32", "float16"):
        raise ValueError(
            f"{what}: precision {pooling.precision!r} lets no gradient through. Train with "
            "float32, and round the space afterwards."
        )
