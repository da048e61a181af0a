"""Name the tensors that cross a border. Knows shapes and dtypes; checked when tests run.

`tokens` counts the real tokens of all texts of a batch, one after another, without padding.
"""

from jaxtyping import Bool, Float, Float32, Int64
from torch import Tensor

TokenStates = Float[Tensor, "tokens hidden"]
TokenFeatures = Float32[Tensor, "tokens features"]
TokenIds = Int64[Tensor, "tokens"]
TokenSegments = Int64[Tensor, "tokens"]
TokenMask = Bool[Tensor, "tokens"]

PaddedStates = Float[Tensor, "texts width hidden"]
PaddedMask = Bool[Tensor, "texts width"]
PaddedIds = Int64[Tensor, "texts width"]

TextCounts = Int64[Tensor, "texts"]
TextMask = Bool[Tensor, "texts"]
PooledTexts = Float[Tensor, "texts pooled"]
TextVectors = Float32[Tensor, "texts dim"]
