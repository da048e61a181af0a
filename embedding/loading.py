"""Load an encoder: files to parts, parts to a checked whole."""

from embedding.architecture import read_architecture
from embedding.blocked_linear import unblock_weights, with_blocked_weights
from embedding.checks import check_encoder
from embedding.dense import load_dense
from embedding.device import choose_device, compute_exactly, default_token_budget
from embedding.encoder import Encoder, EncoderParts
from embedding.folder import open_folder
from embedding.identity import identify_folder
from embedding.model import load_transformer
from embedding.packing import without_padding
from embedding.spec import EncoderSpec
from embedding.tokenizer import load_tokenizer


def load_encoder(spec: EncoderSpec, *, token_budget: int | None = None) -> Encoder:
    """The spec's encoder on its device, tried out on a known text.

    Raises:
        ValueError: It cannot be loaded, or does not give one text one vector.
    """
    device = choose_device(spec.device)
    compute_exactly(spec.dtype)
    folder = open_folder(spec)
    architecture = read_architecture(folder, spec)
    identity = identify_folder(spec, folder, architecture)
    tokenizer = load_tokenizer(folder, spec, identity.max_tokens, long_texts=identity.reads)
    transformer = load_transformer(
        folder,
        spec,
        architecture=architecture,
        device=device,
        gives_types=tokenizer.gives_types,
    )
    transformer = with_blocked_weights(without_padding(transformer, tokenizer), tokenizer)
    dense = tuple(load_dense(path, device) for path in folder.dense)
    parts = EncoderParts(folder, architecture, tokenizer, transformer, dense)
    budget = default_token_budget(device) if token_budget is None else token_budget
    encoder = Encoder(spec, identity, parts=parts, token_budget=budget)
    check_encoder(encoder)
    return encoder


def load_trainable_encoder(spec: EncoderSpec) -> Encoder:
    """The same with plain weights, which gradients reach: slower, where others are to be had.

    Raises:
        ValueError: As `load_encoder`.
    """
    encoder = load_encoder(spec)
    unblock_weights(encoder.parts.transformer.module)
    return encoder
