"""Texts in, vectors out: tokenizer, transformer and poolings of one encoder.

Knows model folders and devices; knows no corpus, no store and no Prefect.
"""

from embedding.defaults import default_pooling, output_dimension
from embedding.device import choose_device
from embedding.encoded import EncodedTexts
from embedding.encoder import Encoder
from embedding.identity import EncoderIdentity, identify_encoder
from embedding.loading import load_encoder
from embedding.spec import EncoderSpec

__all__ = [
    "EncodedTexts",
    "Encoder",
    "EncoderIdentity",
    "EncoderSpec",
    "choose_device",
    "default_pooling",
    "identify_encoder",
    "load_encoder",
    "output_dimension",
]
