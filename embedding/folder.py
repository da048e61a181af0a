"""Read what a model folder states. Knows the files of transformers and sentence-transformers.

A sentence-transformers folder lists its modules in `modules.json`: the transformer, a pooling,
Dense layers, a normalisation. They are understood here from their files alone; a module that is
not understood is refused by name, since leaving it out would give other vectors.
"""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from embedding.hub import find_folder
from embedding.spec import EncoderSpec

Json = dict[str, Any]
CHAIN = re.compile(r"^Transformer( Pooling( Dense)*( Normalize)?)?$")
TOKENIZER_FILES = (
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "vocab.txt",
    "vocab.json",
    "merges.txt",
    "spiece.model",
    "sentencepiece.bpe.model",
    "tokenizer.model",
)


@dataclass(frozen=True, slots=True)
class ModelFolder:
    """What the files say.

    Attributes:
        name: What the user called the model; for messages.
        transformer: The folder of config, tokenizer and weights.
        config: Of the transformer.
        lengths: sentence-transformers' settings of the transformer; empty if there are none.
        prompts: Prompts by name.
        default_prompt: The name of the prompt that applies if none is asked for.
        pooling: sentence-transformers' pooling; None: the folder states none.
        dense: The folders of the Dense layers, in order.
        normalize: Whether the vectors are to be normalised.
    """

    name: str
    transformer: Path
    config: Json
    lengths: Json
    prompts: dict[str, str]
    default_prompt: str | None
    pooling: Json | None
    dense: tuple[Path, ...]
    normalize: bool

    def tokenizer_files(self) -> list[Path]:
        """The files that the tokenizer is built from."""
        return [path for name in TOKENIZER_FILES if (path := self.transformer / name).is_file()]

    def weight_files(self) -> list[Path]:
        """The safetensors files, in the order of their names.

        Raises:
            ValueError: There are none.
        """
        return list_weights(self.transformer, f"model {self.name!r}")


def open_folder(spec: EncoderSpec) -> ModelFolder:
    """What the spec's model folder states.

    Raises:
        ValueError: No such model, not an encoder's folder, or a module that is not understood.
    """
    root = find_folder(spec)
    modules = _read_modules(root, spec.model)
    transformer = root / modules["Transformer"][0]
    prompts = _read_optional(root / "config_sentence_transformers.json")
    if (transformer / "adapter_config.json").is_file():
        raise ValueError(
            f"model {spec.model!r}: {transformer} holds an adapter. Merge it into its model first."
        )
    if not (transformer / "config.json").is_file():
        found = sorted(path.name for path in transformer.iterdir())[:10]
        raise ValueError(
            f"model {spec.model!r}: no config.json in {transformer}; found {found}. "
            "Give the folder of a transformers encoder."
        )
    return ModelFolder(
        name=spec.model,
        transformer=transformer,
        config=read_json(transformer / "config.json"),
        lengths=_read_lengths(transformer),
        prompts={name: text or "" for name, text in prompts.get("prompts", {}).items()},
        default_prompt=prompts.get("default_prompt_name"),
        pooling=next((read_json(root / p / "config.json") for p in modules["Pooling"]), None),
        dense=tuple(root / path for path in modules["Dense"]),
        normalize=bool(modules["Normalize"]) or not modules["Pooling"],
    )


def read_json(path: Path) -> Json:
    """The object in a JSON file.

    Raises:
        ValueError: There is no such file, or it holds something else.
    """
    value = _parse(path)
    if not isinstance(value, dict):
        raise ValueError(f"{path}: expected an object, found a {type(value).__name__}.")
    return value


def list_weights(folder: Path, what: str) -> list[Path]:
    """The safetensors files of a folder; `what` names it in the message.

    Raises:
        ValueError: There are none, or one that the index names is missing.
    """
    names = ["model.safetensors"]
    index = folder / "model.safetensors.index.json"
    if index.is_file() and not (folder / names[0]).is_file():
        names = sorted(set(read_json(index)["weight_map"].values()))
    if missing := [name for name in names if not (folder / name).is_file()]:
        pickles = sorted(path.name for path in folder.glob("*.bin"))
        hint = f" Found {pickles}: pickle can run code, so it is not read." if pickles else ""
        raise ValueError(
            f"{what}: no {', '.join(missing)} in {folder}.{hint} "
            "Give a revision or folder with safetensors weights."
        )
    return [folder / name for name in names]


def _read_modules(root: Path, name: str) -> dict[str, list[str]]:
    """The subfolders of each kind of module; a plain folder is a transformer alone."""
    file = root / "modules.json"
    listed = _parse(file) if file.is_file() else []
    kinds = [module["type"].rsplit(".", 1)[-1] for module in listed] or ["Transformer"]
    foreign = [m["type"] for m in listed if not m["type"].startswith("sentence_transformers.")]
    if foreign or not CHAIN.match(" ".join(kinds)):
        raise ValueError(
            f"model {name!r}: modules.json lists {[m['type'] for m in listed]}; understood are "
            "Transformer, then Pooling, Dense layers and Normalize, of sentence-transformers. "
            "Leaving one out would give other vectors: choose another model."
        )
    paths = [module["path"] for module in listed] or [""]
    return {
        kind: [path for found, path in zip(kinds, paths, strict=True) if found == kind]
        for kind in ("Transformer", "Pooling", "Dense", "Normalize")
    }


def _read_lengths(transformer: Path) -> Json:
    """sentence_bert_config.json, whose name changes with the kind of model."""
    for path in sorted(transformer.glob("sentence_*_config.json")):
        return read_json(path)
    return {}


def _parse(path: Path) -> Any:
    if not path.is_file():
        raise ValueError(f"{path}: no such file. Is the download of the model complete?")
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{path}: not JSON ({error}). Download the model again.") from error


def _read_optional(path: Path) -> Json:
    return read_json(path) if path.is_file() else {}
