"""Token states in, one vector per text out. Pure torch: no model, no tokenizer, no file."""

from pooling.batch import TokenBatch
from pooling.padded import pool_padded
from pooling.pooler import Pooler
from pooling.spec import PoolingSpec, build_pooler
from pooling.table import POOLERS

__all__ = ["POOLERS", "Pooler", "PoolingSpec", "TokenBatch", "build_pooler", "pool_padded"]
