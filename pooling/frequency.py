"""Poolings in which rare tokens weigh more, by counts over a corpus. Knows counts, no tokenizer.

The counts are fitted once, over a stated corpus, and kept: a weight never depends on which texts
happen to share a batch. The weights of the whole vocabulary are worked out before a batch picks
its own from them, so a text alone gets the same bits as among others.
"""

from collections.abc import Mapping
from typing import Annotated

import torch
from pydantic import Field
from pydantic.dataclasses import dataclass
from torch import Tensor, nn

from pooling.batch import TokenBatch
from pooling.pooler import PARAMETERS, Sizes
from pooling.segments import count_tokens, sum_tokens
from pooling.shapes import TextVectors, TokenStates

COMPONENT = "component"


class TokenTable(nn.Module):
    """How often each token of the vocabulary occurs in a corpus; fresh ones weigh all alike.

    Attributes:
        token_counts: Occurrences of each id. Those that the tokenizer puts around every text count
            once a document.
        document_counts: Documents in which the id occurs.
        num_tokens: Occurrences of all ids, those around the texts left out.
        num_documents: Documents with at least one token.
        component: A direction of length 1 that is taken away; absent where none is.
    """

    token_counts: Tensor
    document_counts: Tensor
    num_tokens: Tensor
    num_documents: Tensor
    component: Tensor

    def __init__(self, vocabulary: int, *, component_size: int | None = None) -> None:
        super().__init__()
        self.register_buffer("token_counts", torch.zeros(vocabulary, dtype=torch.int64))
        self.register_buffer("document_counts", torch.zeros(vocabulary, dtype=torch.int64))
        self.register_buffer("num_tokens", torch.zeros((), dtype=torch.int64))
        self.register_buffer("num_documents", torch.zeros((), dtype=torch.int64))
        if component_size is not None:
            self.register_buffer(COMPONENT, torch.zeros(component_size))

    def shares(self) -> Tensor:
        """p(id), the share of each id among the tokens; 0 for all where nothing was counted."""
        return self.token_counts.float() / self.num_tokens.clamp(min=1).float()

    def inverse_document_frequencies(self) -> Tensor:
        """ln((1 + N) / (1 + df(id))) + 1: at least 1, also for an id that never occurred."""
        return ((1 + self.num_documents).float() / (1 + self.document_counts).float()).log() + 1


@dataclass(frozen=True, slots=True, config=PARAMETERS)
class IdfMean:
    """A mean in which a token weighs more the fewer documents of a corpus have it.

    sum_t idf(id_t) h_t / sum_t idf(id_t), idf(id) = ln((1 + N) / (1 + df(id))) + 1.

    Source: the smoothed idf of scikit-learn,
    https://scikit-learn.org/stable/modules/feature_extraction.html#tfidf-term-weighting
    """

    def build(self, sizes: Sizes) -> nn.Module:
        """An empty table, in which all tokens weigh alike."""
        return TokenTable(sizes.vocabulary)

    def pool_with(self, layers: nn.Module, batch: TokenBatch) -> TextVectors:
        """The weights add up to more than 0: each is at least 1."""
        assert isinstance(layers, TokenTable)
        weights = _weights_of(layers.inverse_document_frequencies(), batch)
        return _weighted_sum(weights, batch) / sum_tokens(weights, batch.segment, batch.n)

    def width(self, hidden_size: int) -> int:
        """As wide as the states."""
        return hidden_size


@dataclass(frozen=True, slots=True, config=PARAMETERS)
class SifMean:
    """Smooth inverse frequency: a token weighs less the larger its share of a corpus.

    x = sum_t a / (a + p(id_t)) h_t / n; with `remove_component`, x - u (u . x), where u is the
    first right singular vector of such x of a sample of texts, not centred. As in the paper the sum
    is divided by the number of tokens, not by the weights' sum: of that, u would be another one.

    Source: https://openreview.net/forum?id=SyK00v5xx, algorithm 1
    """

    a: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 1e-3
    remove_component: bool = False

    def build(self, sizes: Sizes) -> nn.Module:
        """An empty table, in which all tokens weigh alike; its component is 0."""
        size = sizes.hidden if self.remove_component else None
        return TokenTable(sizes.vocabulary, component_size=size)

    def pool_with(self, layers: nn.Module, batch: TokenBatch) -> TextVectors:
        """Row by row: a product of matrices may round by how many rows it has."""
        assert isinstance(layers, TokenTable)
        weights = _weights_of(self.a / (self.a + layers.shares()), batch)
        counts = count_tokens(batch.segment, batch.n).unsqueeze(1)
        vectors = _weighted_sum(weights, batch) / counts
        if not self.remove_component:
            return vectors
        u = layers.component
        return vectors - (vectors * u).sum(dim=1, keepdim=True) * u

    def width(self, hidden_size: int) -> int:
        """As wide as the states."""
        return hidden_size


def name_counts(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The tensors of a `TokenTable` by the names that a whole pooling has for them.

    So one table fills every pooling over counts, whatever its parameters.
    """
    return {f"tokens.layers.{name}": tensor for name, tensor in tensors.items()}


def _weights_of(weights: Tensor, batch: TokenBatch) -> TokenStates:
    return weights[batch.ids].unsqueeze(1)  # [tokens, 1]


def _weighted_sum(weights: TokenStates, batch: TokenBatch) -> TextVectors:
    return sum_tokens(
        batch.states,
        batch.segment,
        batch.n,
        change=lambda states, part: states * weights[part],
    )
