"""Pairs of texts with opposite labels that have one vector in a pooling without weights.

No head on such vectors can tell the two apart. The encoder is a random BERT in which a word has the
same state in layer 0 wherever it stands, and the opposite one in layer 1.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from transformers import AutoModel

from labeling import Examples, LabelSchema
from pooling import PoolingSpec

WINDOW = 9  # words

Words = list[str]


@dataclass(frozen=True)
class Task:
    """What is to be learned.

    Attributes:
        texts: Each as its words; a text and the next one are a pair, with labels 1 and 0.
        blind: A pooling without weights in which a pair has one vector.
    """

    texts: list[Words]
    blind: PoolingSpec

    @property
    def labels(self) -> Tensor:
        return torch.tensor([1.0, 0.0]).repeat(len(self.texts) // 2)

    @property
    def examples(self) -> Examples:
        """Of four pairs one is tested on, one is in fold 0 and two are in fold 1."""
        yes = self.labels.bool().numpy()
        return Examples(
            schema=LabelSchema(task="single_label", labels=("no", "yes")),
            texts=[" ".join(words) for words in self.texts],
            indicator=np.stack([~yes, yes], axis=1),
            fold=np.tile(np.repeat([-1, 0, 1, 1], 2), len(yes) // 8),
        )


def order_of_words() -> Task:
    """w0 before w1, side by side among other words, or w1 before w0."""
    return Task(pairs(["w0", "w1"], ["w1", "w0"]), PoolingSpec(layers=(0,)))


def marked_word() -> Task:
    """Of two words with signs, one is marked, and its sign counts; see `_mark_words`."""
    return Task(pairs(["w0", "w1"], ["w2", "w3"]), PoolingSpec(layers=(0,)))


def layer() -> Task:
    """One word thrice, or another one; layer 1 is layer 0 turned round, so that their mean is 0."""
    return Task(pairs(["w0"] * 3, ["w1"] * 3), PoolingSpec(layers=(0, 1)))


def order_of_windows() -> Task:
    """Two windows of nine words, and the same windows in the other order."""
    first, second = (pairs([word], [word], length=WINDOW)[::2] for word in ("w0", "w1"))
    texts = [text for a, b in zip(first, second, strict=True) for text in (a + b, b + a)]
    return Task(texts, PoolingSpec(layers=(0,)))


def marked_window() -> Task:
    """Two windows of nine words, each with a signed word; the sign of the marked one counts."""
    first = pairs(["w0"] * 6, ["w2"] * 6, length=WINDOW)
    second = pairs(["w1"] * 6, ["w3"] * 6, length=WINDOW)
    return Task([a + b for a, b in zip(first, second, strict=True)], PoolingSpec(layers=(0,)))


def pairs(one: Words, other: Words, length: int | None = None) -> list[Words]:
    """The same other words around either of them, in 4 to 9 words at all unless told."""
    generator = np.random.default_rng(0)
    texts = []
    for _ in range(32):
        count = (length or int(generator.integers(4, 10))) - len(one)
        others = [f"w{i}" for i in generator.integers(10, 60, count)]
        place = int(generator.integers(0, count + 1))
        texts += [others[:place] + words + others[place:] for words in (one, other)]
    return texts


def make_still(folder: Path) -> None:
    """Rewrite a BERT of one layer: no positions, no token types, and a layer that turns signs."""
    model = AutoModel.from_pretrained(folder)
    with torch.no_grad():
        model.embeddings.position_embeddings.weight.zero_()
        model.embeddings.token_type_embeddings.weight.zero_()
        _mark_words(model.embeddings.word_embeddings.weight)
        (only,) = model.encoder.layer
        for output in (only.attention.output, only.output):
            output.dense.weight.zero_()
            output.dense.bias.zero_()
        only.output.LayerNorm.weight.neg_()
    model.save_pretrained(folder)


def _mark_words(table: Tensor) -> None:
    """w0 to w3 are +marked, -plain, -marked, +plain: s u + m v, of equal length and mean 0."""
    sign, mark = torch.tensor([1.0, -1, 1, -1] * 4), torch.tensor([1.0, 1, -1, -1] * 4)
    for row, (s, m) in enumerate([(1, 1), (-1, -1), (-1, 1), (1, -1)], start=4):
        table[row] = s * sign + m * mark
