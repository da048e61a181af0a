"""Write an encoder as a model folder that can be loaded like any other. Knows files, no texts.

The layout is that of sentence-transformers, which loads the folder, too: the transformer at its
root, a pooling and Dense layers beside it where it has a word for them.
"""

import json
import shutil
import tempfile
from pathlib import Path
from typing import Any

from embedding.defaults import OLD_MODES, STRATEGIES
from embedding.encoder import Encoder
from embedding.module import quiet
from pooling import PoolingSpec

_KEPT = ("LICENSE*", "NOTICE*")
_MODULE = "sentence_transformers.models."


def refuse_existing(folder: Path) -> None:
    """Refuse to write where something is.

    Raises:
        ValueError: Something is.
    """
    if folder.exists():
        raise ValueError(f"{folder} exists. Name a folder that does not, or remove it.")


def save_encoder(encoder: Encoder, folder: Path, pooling: PoolingSpec) -> None:
    """Write weights, config and tokenizer, with the length and the prompts that are in force.

    The pooling is stated where sentence-transformers has it; a folder that states none is pooled
    as its user says. The folder is there whole or not at all.

    Raises:
        ValueError: The folder exists.
    """
    refuse_existing(folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    made = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        made.chmod(0o755)
        with quiet():
            encoder.parts.transformer.module.save_pretrained(made)
        _copy_files(encoder, made)
        _write_settings(encoder, made)
        if (mode := _mode_of(pooling)) is not None:
            _write_modules(encoder, made, pooling, mode)
        made.rename(folder)
    finally:
        shutil.rmtree(made, ignore_errors=True)


def _copy_files(encoder: Encoder, made: Path) -> None:
    """The tokenizer's own files, byte for byte: so it keeps its identity."""
    source = encoder.parts.folder
    code = source.transformer.glob("*.py") if encoder.spec.trust_remote_code else ()
    terms = [path for pattern in _KEPT for path in source.transformer.glob(pattern)]
    for path in [*source.tokenizer_files(), *code, *terms]:
        shutil.copyfile(path, made / path.name)


def _write_settings(encoder: Encoder, made: Path) -> None:
    source, spec = encoder.parts.folder, encoder.spec
    lower_case = bool(source.lengths.get("do_lower_case"))
    lengths = {"max_seq_length": encoder.identity.max_tokens, "do_lower_case": lower_case}
    _write(made / "sentence_bert_config.json", lengths)
    asked = {"document": spec.prompt, "query": spec.query_prompt}
    prompts = source.prompts | {name: text for name, text in asked.items() if text is not None}
    stated = {"prompts": prompts, "default_prompt_name": source.default_prompt}
    _write(made / "config_sentence_transformers.json", stated)


def _mode_of(pooling: PoolingSpec) -> str | None:
    """What sentence-transformers calls this pooling; None: it has no word for it."""
    modes = {strategy: mode for mode, strategy in STRATEGIES.items()}
    plain = PoolingSpec(
        strategy=pooling.strategy,
        prompt_tokens=pooling.prompt_tokens,
        dense=pooling.dense,
        normalize=pooling.normalize,
        parameters=pooling.parameters,
    )
    counts_places = pooling.strategy == "weighted_mean" and not pooling.prompt_tokens
    return None if pooling != plain or counts_places else modes.get(pooling.strategy)


def _write_modules(encoder: Encoder, made: Path, pooling: PoolingSpec, mode: str) -> None:
    dense = encoder.parts.folder.dense if pooling.dense else ()
    kinds = ["Transformer", "Pooling", *["Dense"] * len(dense)]
    kinds += ["Normalize"] if pooling.normalize else []
    paths = ["", *(f"{i}_{kind}" for i, kind in enumerate(kinds[1:], start=1))]
    listed = [
        {"idx": i, "name": str(i), "path": path, "type": _MODULE + kind}
        for i, (kind, path) in enumerate(zip(kinds, paths, strict=True))
    ]
    for path in paths[1:]:
        (made / path).mkdir()
    for source, path in zip(dense, paths[2:], strict=False):
        shutil.copytree(source, made / path, dirs_exist_ok=True)
    _write(made / paths[1] / "config.json", _pooling_config(encoder, pooling, mode))
    _write(made / "modules.json", listed)


def _pooling_config(encoder: Encoder, pooling: PoolingSpec, mode: str) -> dict[str, Any]:
    width = encoder.parts.architecture.hidden_size
    modes = {key: known == mode for key, known in OLD_MODES.items()}
    return {
        "word_embedding_dimension": width,
        **modes,
        "include_prompt": pooling.prompt_tokens,
    }


def _write(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value, indent=2) + "\n", encoding="utf-8")
