"""Fill in what a spec leaves to the model folder. Knows what folders state, loads no weights."""

from dataclasses import replace
from typing import Literal

from embedding.architecture import Architecture, read_architecture
from embedding.dimensions import check_over_windows, fitting_pooler, vector_dimension
from embedding.folder import Json, ModelFolder, open_folder, read_json
from embedding.long_texts import HeadTail, LongTexts, Windows
from embedding.spec import EncoderSpec
from embedding.tokenizer import load_tokenizer
from pooling import FittedByName, PoolingSpec

# transformers writes about 1e30 where a tokenizer has no limit
NO_LIMIT = 1_000_000
DOCUMENT_PROMPTS = ("document", "passage", "corpus")
STRATEGIES = {
    "cls": "cls",
    "max": "max",
    "mean": "mean",
    "mean_sqrt_len_tokens": "mean_sqrt_len",
    "lasttoken": "last_token",
    "weightedmean": "weighted_mean",
}
OLD_MODES = {
    "pooling_mode_cls_token": "cls",
    "pooling_mode_max_tokens": "max",
    "pooling_mode_mean_tokens": "mean",
    "pooling_mode_mean_sqrt_len_tokens": "mean_sqrt_len_tokens",
    "pooling_mode_weightedmean_tokens": "weightedmean",
    "pooling_mode_lasttoken": "lasttoken",
}


def default_pooling(spec: EncoderSpec) -> PoolingSpec:
    """The pooling that the model folder states; mean and normalised where it states none.

    Raises:
        ValueError: It states one that is not among ours.
    """
    return stated_pooling(open_folder(spec))


def stated_pooling(folder: ModelFolder) -> PoolingSpec:
    """The same, of a folder that is open already."""
    if folder.pooling is None:
        return PoolingSpec()
    modes = _pooling_modes(folder.pooling)
    if len(modes) != 1 or modes[0] not in STRATEGIES:
        raise ValueError(
            f"model {folder.name!r} pools by {' and '.join(modes)}, which is not among "
            f"{', '.join(STRATEGIES)}. Name a pooling yourself."
        )
    prompt_tokens = folder.pooling.get("include_prompt", True)
    if modes == ["weightedmean"] and not prompt_tokens:
        raise ValueError(
            f"model {folder.name!r} pools by weightedmean with include_prompt=false: it counts "
            "places from the prompt on, weighted_mean from the text on. Name a pooling yourself."
        )
    return PoolingSpec(
        strategy=STRATEGIES[modes[0]],
        prompt_tokens=prompt_tokens,
        dense=bool(folder.dense),
        normalize=folder.normalize,
    )


def output_dimension(
    spec: EncoderSpec, pooling: PoolingSpec, fitted: FittedByName | None = None
) -> int:
    """How long the vectors of this pooling are, from the config files alone.

    Raises:
        ValueError: The encoder cannot give this pooling, or what was fitted does not fit it.
    """
    check_over_windows(pooling, spec.long_texts)
    folder = open_folder(spec)
    architecture = read_architecture(folder, spec)
    pooler = fitting_pooler(pooling, folder, architecture, fitted)
    return vector_dimension(pooler, folder, architecture)


def resolve_max_tokens(spec: EncoderSpec, folder: ModelFolder, architecture: Architecture) -> int:
    """How many tokens of a text are read: the spec's number, or the folder's.

    Raises:
        ValueError: More than the position table holds, or nothing states a limit.
    """
    limit = architecture.max_positions
    if spec.max_tokens is not None:
        if limit is not None and spec.max_tokens > limit:
            raise ValueError(
                f"max_tokens={spec.max_tokens}, but the positions of model {folder.name!r} end at "
                f"{limit}. Set encoder.max_tokens to {limit} or less."
            )
        return spec.max_tokens
    stated = folder.lengths.get("max_seq_length") or _tokenizer_limit(folder)
    known = [number for number in (stated, limit) if number is not None]
    if not known:
        raise ValueError(f"model {folder.name!r} states no maximum length. Set encoder.max_tokens.")
    return int(min(known))


def resolve_long_texts(
    spec: EncoderSpec, folder: ModelFolder, max_tokens: int
) -> Literal["truncate"] | LongTexts:
    """What is read of long texts; only if it is not "truncate" is the tokenizer needed, and loaded.

    Raises:
        ValueError: Template and prompt leave no room for it.
    """
    if spec.long_texts == "truncate":
        return "truncate"
    tokenizer = load_tokenizer(folder, spec, max_tokens)
    prompt = resolve_prompt(spec, folder)
    found: LongTexts
    if spec.long_texts == "windows":
        found = Windows(overlap=spec.window_overlap, max_windows=spec.max_windows)
    else:
        half = max(1, tokenizer.room_after(prompt) // 2)
        found = HeadTail(tail_tokens=spec.tail_tokens or half)
    replace(tokenizer, long_texts=found).check_prompt(prompt)
    return found


def resolve_prompt(spec: EncoderSpec, folder: ModelFolder) -> str:
    """What is put before a document: the spec's prompt, or the folder's for documents."""
    if spec.prompt is not None:
        return spec.prompt
    for name in DOCUMENT_PROMPTS:
        if name in folder.prompts:
            return folder.prompts[name]
    return folder.prompts.get(folder.default_prompt or "", "")


def resolve_query_prompt(spec: EncoderSpec, folder: ModelFolder) -> str:
    """What is put before a query: the spec's, the folder's for queries, or the documents'."""
    if spec.query_prompt is not None:
        return spec.query_prompt
    return folder.prompts.get("query", resolve_prompt(spec, folder))


def _pooling_modes(stated: Json) -> list[str]:
    """The modes of either generation of sentence-transformers' pooling config."""
    modes = stated.get("pooling_mode")
    if modes is None:
        return [mode for key, mode in OLD_MODES.items() if stated.get(key)] or ["mean"]
    return [modes] if isinstance(modes, str) else list(modes)


def _tokenizer_limit(folder: ModelFolder) -> int | None:
    file = folder.transformer / "tokenizer_config.json"
    limit = read_json(file).get("model_max_length") if file.is_file() else None
    return int(limit) if limit is not None and limit < NO_LIMIT else None
