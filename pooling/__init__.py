"""Token states in, one vector per text out. Pure torch: no model, no tokenizer, no file."""

from pooling.batch import TokenBatch
from pooling.fitted import Fitted, FittedByName
from pooling.padded import pool_padded
from pooling.pooler import FittedStrategy, Pooler, Sizes
from pooling.spec import PoolingSpec
from pooling.table import POOLERS
from pooling.text_pooler import TextPooler, build_pooler
from pooling.windows import WindowVectors

__all__ = [
    "POOLERS",
    "Fitted",
    "FittedByName",
    "FittedStrategy",
    "Pooler",
    "PoolingSpec",
    "Sizes",
    "TextPooler",
    "TokenBatch",
    "WindowVectors",
    "build_pooler",
    "pool_padded",
]
