"""Token states in, one vector per text out. Pure torch: no model, no tokenizer, no file."""

from pooling.batch import TokenBatch
from pooling.fitted import Fitted, FittedByName
from pooling.frequency import COMPONENT, name_counts
from pooling.padded import pool_padded
from pooling.pooler import FittedStrategy, Pooler, Sizes
from pooling.precision import BITS, Precision, Ranges, Rounding
from pooling.ranges import about_ranges, plan_rounding, without_precision
from pooling.spec import PoolingSpec
from pooling.table import POOLERS
from pooling.text_pooler import TextPooler, build_pooler
from pooling.windows import WindowVectors

__all__ = [
    "BITS",
    "COMPONENT",
    "POOLERS",
    "Fitted",
    "FittedByName",
    "FittedStrategy",
    "Pooler",
    "PoolingSpec",
    "Precision",
    "Ranges",
    "Rounding",
    "Sizes",
    "TextPooler",
    "TokenBatch",
    "WindowVectors",
    "about_ranges",
    "build_pooler",
    "name_counts",
    "plan_rounding",
    "pool_padded",
    "without_precision",
]
