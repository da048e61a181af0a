"""The datasets that a run asks for: their lineages, joined from encoder and pooling, and names.

This is the place where identity is decided: what is in a lineage makes another space.
"""

from pathlib import PurePosixPath

from data import Dataset, DocumentsLineage, Provenance, SpaceLineage, slug
from embedding import EncoderIdentity, EncoderSpec, output_dimension, refuse_foreign
from pooling import FittedByName, PoolingSpec, plan_rounding


def documents_dataset(corpus: str) -> Dataset:
    """The documents of a corpus."""
    return Dataset(slug=f"documents_{slug(corpus)}", lineage=DocumentsLineage(corpus=corpus))


def space_dataset(
    encoder: EncoderSpec,
    identity: EncoderIdentity,
    pooling: PoolingSpec,
    fitted: FittedByName | None = None,
) -> Dataset:
    """The space of an encoder with one pooling, which calls by fingerprint what was fitted.

    Raises:
        ValueError: the encoder cannot give the pooling, or what was fitted does not fit it.
    """
    refuse_foreign(pooling, identity, fitted)
    dimension = output_dimension(encoder, pooling, fitted)
    plan_rounding(pooling, dimension, identity.model_dump(mode="json"), fitted)
    return Dataset(
        slug=space_slug(encoder, pooling),
        lineage=SpaceLineage(encoder=identity.model_dump(mode="json"), pooling=pooling.identity()),
        dimension=dimension,
        precision=pooling.precision,
        provenance=Provenance(model=encoder.model, encoder_spec=encoder.model_dump(mode="json")),
    )


def space_slug(encoder: EncoderSpec, pooling: PoolingSpec) -> str:
    """A readable name, such as all_minilm_l6_v2_mean: what differs from the defaults is said."""
    default = PoolingSpec(strategy=pooling.strategy)
    parts = [PurePosixPath(encoder.model).name, pooling.strategy]
    parts += [
        f"{name}_{value}"
        for name, value in sorted(pooling.parameters.items())
        if value != default.parameters[name]
    ]
    if pooling.layers != default.layers:
        parts += [
            "layers",
            *(f"m{-n}" if n < 0 else str(n) for n in pooling.layers),
            pooling.combine,
            *(f"{weight:g}" for weight in pooling.mix_weights),
        ]
    parts += [pooling.weights[:8]] if pooling.weights else []
    parts += _long_texts_words(encoder, pooling)
    if pooling.special_tokens != default.special_tokens:
        parts += ["special" if pooling.special_tokens else "content"]
    if pooling.prompt_tokens != default.prompt_tokens:
        parts += ["prompt" if pooling.prompt_tokens else "no_prompt"]
    parts += ["dense"] if pooling.dense else []
    parts += [f"d{pooling.dimensions}"] if pooling.dimensions else []
    parts += ["raw"] if not pooling.normalize else []
    parts += [f"max{encoder.max_tokens}"] if encoder.max_tokens else []
    parts += [encoder.dtype] if encoder.dtype != "float32" else []
    is_rounded = pooling.precision != "float32"
    parts += [pooling.precision.replace("float", "f")] if is_rounded else []
    return slug("_".join(parts))


def _long_texts_words(encoder: EncoderSpec, pooling: PoolingSpec) -> list[str]:
    """What is read of long texts, such as windows, overlap_16, over_windows_max."""
    default = EncoderSpec(model="any")
    words: list[str] = [encoder.long_texts] if encoder.long_texts != default.long_texts else []
    words += [str(encoder.tail_tokens)] if encoder.tail_tokens else []
    words += [f"overlap_{encoder.window_overlap}"] if encoder.window_overlap else []
    if encoder.max_windows != default.max_windows:
        words.append(f"first_{encoder.max_windows}")
    words += [f"over_windows_{pooling.over_windows}"] if pooling.over_windows != "mean" else []
    return words
