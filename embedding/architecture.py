"""Read a transformer's measures from its config. Knows config files, loads no weights."""

from dataclasses import dataclass
from typing import Any

from transformers import AutoConfig
from transformers.models.auto.configuration_auto import CONFIG_MAPPING

from embedding.folder import ModelFolder
from embedding.spec import EncoderSpec

# These number the positions from padding_idx + 1 (as fairseq did), so that a table of 514 rows
# holds 512 tokens.
OFFSET_POSITIONS = {
    "camembert",
    "data2vec-text",
    "ibert",
    "layoutlmv3",
    "lilt",
    "longformer",
    "luke",
    "markuplm",
    "mpnet",
    "roberta",
    "roberta-prelayernorm",
    "xlm-roberta",
    "xlm-roberta-xl",
    "xmod",
}


@dataclass(frozen=True, slots=True)
class Architecture:
    """The measures of a transformer.

    Attributes:
        hidden_size: The width of a token state.
        vocabulary_size: How many ids there are.
        num_layers: Without the embedding output, which is layer 0.
        max_positions: How many tokens the position table holds; None: there is no such limit.
        first_position: The position id of a text's first token.
        config: transformers' own object.
    """

    hidden_size: int
    vocabulary_size: int
    num_layers: int
    max_positions: int | None
    first_position: int
    config: Any


def read_architecture(folder: ModelFolder, spec: EncoderSpec) -> Architecture:
    """The measures that the folder's config states.

    Raises:
        ValueError: Not a text encoder that can be loaded.
    """
    config = _read_config(folder, spec)
    text = config.get_text_config()
    hidden_size = getattr(text, "hidden_size", None)
    num_layers = getattr(text, "num_hidden_layers", None)
    if config.is_encoder_decoder or not hidden_size or not num_layers:
        raise ValueError(
            f"model {folder.name!r} is a {config.model_type!r}, not a text encoder: found "
            f"is_encoder_decoder={config.is_encoder_decoder}, hidden_size={hidden_size}, "
            f"num_hidden_layers={num_layers}. Choose an encoder such as a BERT."
        )
    return Architecture(
        hidden_size,
        text.vocab_size,
        num_layers,
        _max_positions(text),
        _first_position(text),
        config,
    )


def _read_config(folder: ModelFolder, spec: EncoderSpec) -> Any:
    kind = folder.config.get("model_type")
    needs_code = "auto_map" in folder.config and kind not in CONFIG_MAPPING
    if needs_code and not spec.trust_remote_code:
        raise ValueError(
            f"model {folder.name!r} needs Python code of its own, and trust_remote_code is off. "
            "Read that code, then set encoder.trust_remote_code, or choose another model."
        )
    code = folder.config.get("auto_map", {}).values()
    elsewhere = [str(name) for name in code if "--" in str(name)]
    if needs_code and elsewhere:
        raise ValueError(
            f"model {folder.name!r}: its code is in another repository ({elsewhere[0]}), where it "
            "may change unseen. Copy it into the model's folder, and in config.json take what "
            "stands before -- out of auto_map."
        )
    if not needs_code and kind not in CONFIG_MAPPING:
        raise ValueError(
            f"model {folder.name!r}: config.json says model_type {kind!r}, which this version of "
            "transformers does not know. Choose another model, or a newer transformers."
        )
    return AutoConfig.from_pretrained(
        folder.transformer, trust_remote_code=spec.trust_remote_code, local_files_only=True
    )


def _max_positions(config: Any) -> int | None:
    rows = getattr(config, "max_position_embeddings", None)
    if rows is None or rows <= 0:  # XLNet says -1: its positions are relative
        return None
    return int(rows) - _first_position(config)


def _first_position(config: Any) -> int:
    """0; where positions count from behind that of padding, the one after it."""
    return (config.pad_token_id or 0) + 1 if config.model_type in OFFSET_POSITIONS else 0
