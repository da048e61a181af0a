"""Load an encoder: files to parts, parts to a checked whole."""

from dataclasses import replace

from embedding.architecture import read_architecture
from embedding.checks import check_encoder
from embedding.dense import load_dense
from embedding.device import choose_device, compute_exactly, default_token_budget
from embedding.encoder import Encoder, EncoderParts
from embedding.folder import open_folder
from embedding.identity import EncoderIdentity, identify_folder
from embedding.model import load_transformer
from embedding.packing import with_blocked_weights, without_padding
from embedding.spec import EncoderSpec
from embedding.tokenizer import load_tokenizer


def load_encoder(spec: EncoderSpec, *, token_budget: int | None = None) -> Encoder:
    """The spec's encoder on its device, tried out on a known text.

    Raises:
        ValueError: It cannot be loaded, or does not give one text one vector.
    """
    parts, identity = _load_parts(spec)
    transformer = with_blocked_weights(parts.transformer, parts.tokenizer)
    return _checked(spec, identity, replace(parts, transformer=transformer), token_budget)


def load_trainable_encoder(spec: EncoderSpec) -> Encoder:
    """The same with plain weights, which gradients reach: slower, where others are to be had.

    Raises:
        ValueError: As `load_encoder`.
    """
    parts, identity = _load_parts(spec)
    return _checked(spec, identity, parts, None)


def _load_parts(spec: EncoderSpec) -> tuple[EncoderParts, EncoderIdentity]:
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
    transformer = without_padding(transformer, tokenizer)
    dense = tuple(load_dense(path, device) for path in folder.dense)
    return EncoderParts(folder, architecture, tokenizer, transformer, dense), identity


def _checked(
    spec: EncoderSpec, identity: EncoderIdentity, parts: EncoderParts, token_budget: int | None
) -> Encoder:
    budget = token_budget
    if budget is None:
        budget = default_token_budget(parts.transformer.device)
    encoder = Encoder(spec, identity, parts=parts, token_budget=budget)
    check_encoder(encoder)
    return encoder
