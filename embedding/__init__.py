"""Texts in, vectors out: tokenizer, transformer and poolings of one encoder.

Knows model folders and devices; knows no corpus, no store and no Prefect.
"""

from embedding.counting import TokenCounts, load_counter
from embedding.defaults import default_pooling, output_dimension
from embedding.device import choose_device, release_memory
from embedding.encoded import EncodedTexts
from embedding.encoder import Encoder
from embedding.fitted import refuse_foreign
from embedding.identity import EncoderIdentity, identify_encoder
from embedding.loading import load_encoder, load_trainable_encoder
from embedding.saving import refuse_existing, save_encoder
from embedding.spec import EncoderSpec
from embedding.trainable import TrainablePooling, trainable_pooling, vectors_of_texts

__all__ = [
    "EncodedTexts",
    "Encoder",
    "EncoderIdentity",
    "EncoderSpec",
    "TokenCounts",
    "TrainablePooling",
    "choose_device",
    "default_pooling",
    "identify_encoder",
    "load_counter",
    "load_encoder",
    "load_trainable_encoder",
    "output_dimension",
    "refuse_existing",
    "refuse_foreign",
    "release_memory",
    "save_encoder",
    "trainable_pooling",
    "vectors_of_texts",
]
