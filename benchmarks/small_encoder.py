"""Make a small BERT with a vocabulary of its own, for texts that no model at hand can read.

Each character is a token: what Chinese verse asks for. Its first weights are random; some epochs
of masked characters teach it which stand together, without any label. The result is a model folder.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer, models, pre_tokenizers, processors
from torch import Tensor
from torch.nn import functional
from torch.nn.utils.rnn import pad_sequence
from transformers import BertConfig, BertForMaskedLM, PreTrainedTokenizerFast

from embedding.module import quiet

SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
PAD, UNK, CLS, SEP, MASK = range(len(SPECIAL))


@dataclass(frozen=True, slots=True)
class SmallBert:
    """How large it is, and how it is taught.

    Attributes:
        least_count: A rarer character is unknown.
        epochs: Of masked characters; 0: the weights stay random.
        masked_share: Of the characters of a text; 0.15 as in https://arxiv.org/abs/1810.04805.
    """

    hidden: int = 128
    layers: int = 3
    heads: int = 4
    max_tokens: int = 128
    least_count: int = 2
    epochs: int = 8
    batch_texts: int = 32
    learning_rate: float = 1e-3
    masked_share: float = 0.15
    seed: int = 0


def write_small_bert(folder: Path, texts: Sequence[str], size: SmallBert) -> None:
    """The folder of a BERT that has read these texts; it must not exist yet."""
    folder.mkdir(parents=True)
    tokenizer = _characters(texts, size)
    tokenizer.save_pretrained(folder)
    with torch.random.fork_rng():
        torch.manual_seed(size.seed)
        model: Any = BertForMaskedLM(_config(size, len(tokenizer)))
        _teach(model, _ids_of(tokenizer, texts, size), size)
    with quiet():
        model.bert.save_pretrained(folder)


def _characters(texts: Sequence[str], size: SmallBert) -> PreTrainedTokenizerFast:
    counts = Counter(character for text in texts for character in text if not character.isspace())
    known = sorted(char for char, count in counts.items() if count >= size.least_count)
    vocabulary = {token: i for i, token in enumerate([*SPECIAL, *known])}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Split("", behavior="isolated")]
    )
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", CLS), ("[SEP]", SEP)]
    )
    names = ("pad_token", "unk_token", "cls_token", "sep_token", "mask_token")
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        model_max_length=size.max_tokens,
        **dict(zip(names, SPECIAL, strict=True)),
    )


def _config(size: SmallBert, vocabulary: int) -> BertConfig:
    return BertConfig(
        vocab_size=vocabulary,
        hidden_size=size.hidden,
        num_hidden_layers=size.layers,
        num_attention_heads=size.heads,
        intermediate_size=4 * size.hidden,
        max_position_embeddings=size.max_tokens,
        pad_token_id=PAD,
    )


def _ids_of(
    tokenizer: PreTrainedTokenizerFast, texts: Sequence[str], size: SmallBert
) -> list[Tensor]:
    found = tokenizer(list(texts), truncation=True, max_length=size.max_tokens)["input_ids"]
    return [torch.tensor(ids) for ids in found]


def _teach(model: Any, rows: Sequence[Tensor], size: SmallBert) -> None:
    """Each masked character is to be told from those around it."""
    model.train()
    optimizer = torch.optim.AdamW(model.parameters(), lr=size.learning_rate)
    steps = max(1, size.epochs * -(-len(rows) // size.batch_texts))
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, size.learning_rate, steps)
    for _ in range(size.epochs):
        for ids in _batches(rows, size.batch_texts):
            hidden = (torch.rand(ids.shape) < size.masked_share) & (ids >= len(SPECIAL))
            seen = ids.masked_fill(hidden, MASK)
            states = model.bert(input_ids=seen, attention_mask=ids != PAD).last_hidden_state
            loss = functional.cross_entropy(model.cls(states[hidden]), ids[hidden])
            optimizer.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            schedule.step()
    model.eval()


def _batches(rows: Sequence[Tensor], batch_texts: int) -> Iterator[Tensor]:
    """About equally long ones together, in an order of their own each time, padded."""
    lengths = torch.tensor([len(ids) for ids in rows])
    alike = (lengths + 10 * torch.rand(len(rows))).argsort().split(batch_texts)
    for i in torch.randperm(len(alike)):
        yield pad_sequence([rows[j] for j in alike[i]], batch_first=True, padding_value=PAD)
