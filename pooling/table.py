"""List the pooling strategies by name. To add one: a function or small class, and a line here."""

from collections.abc import Callable
from functools import partial

from pooling import convolutional, frequency, learned, recurrent, tokens, weighted
from pooling.pooler import FittedStrategy, PlainPooler, Pooler

POOLERS: dict[str, Callable[..., Pooler | FittedStrategy]] = {
    "cls": partial(PlainPooler, tokens.cls, 1),
    "mean": partial(PlainPooler, tokens.mean, 1),
    "max": partial(PlainPooler, tokens.max_, 1),
    "min": partial(PlainPooler, tokens.min_, 1),
    "max_min": partial(PlainPooler, tokens.max_min, 2),
    "last_token": partial(PlainPooler, tokens.last_token, 1),
    "mean_sqrt_len": partial(PlainPooler, tokens.mean_sqrt_len, 1),
    "mean_max": partial(PlainPooler, tokens.mean_max, 2),
    "mean_std": partial(PlainPooler, tokens.mean_std, 2),
    "weighted_mean": partial(PlainPooler, weighted.weighted_mean, 1),
    "gem": weighted.Gem,
    "top_k_mean": weighted.TopKMean,
    "idf_mean": frequency.IdfMean,
    "sif_mean": frequency.SifMean,
    "pooler": partial(PlainPooler, tokens.pooler, 1),
    "attention": learned.Attention,
    "self_attentive": learned.SelfAttentive,
    "text_cnn": convolutional.TextCnn,
    "dpcnn": convolutional.Dpcnn,
    "bilstm": recurrent.Bilstm,
    "bilstm_attention": recurrent.BilstmAttention,
    "text_rcnn": recurrent.TextRcnn,
    "hierarchical_attention": recurrent.HierarchicalAttention,
}

# Strategies over the words of a text alone, unless a spec says otherwise: special tokens do not
# count.
CONTENT_ONLY = frozenset({"idf_mean", "sif_mean"})
