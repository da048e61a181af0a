"""What labelers are called: the training's title, what they read, and how. Knows no data."""

from collections.abc import Iterator

from data import slug
from embedding import EncoderSpec, default_pooling
from labeling import EnsembleSpec, HeadSpec
from pooling import PoolingSpec
from tasks.spaces import space_slug
from tasks.training.request import TrainRequest


def space_words(encoder: EncoderSpec, pooling: PoolingSpec, *, with_model: bool) -> str:
    """A space in words that stay the same when its weights are learned anew, such as `mean`.

    The model's name leads where there are several.
    """
    whole = space_slug(encoder, pooling.model_copy(update={"weights": None}))
    model = slug(encoder.model.rstrip("/").rsplit("/", 1)[-1])
    return whole if with_model else whole.removeprefix(f"{model}_")


def head_words(head: HeadSpec) -> str:
    """A head in words: its name, and what of it is not the default."""
    words = [head.head, *(f"{name}_{value}" for name, value in sorted(head.parameters.items()))]
    words += [head.class_weight] if head.class_weight != "none" else []
    words += [f"seed_{head.seed}"] if head.seed else []
    return slug("_".join(words))


def ensemble_words(ensemble: EnsembleSpec) -> str:
    """An ensemble in words, likewise."""
    settings = (f"{name}_{value}" for name, value in sorted(ensemble.parameters.items()))
    return slug("_".join([ensemble.ensemble, *settings]))


def join_title(*words: str) -> str:
    """A title of these words."""
    return "_".join(word for word in words if word)


def planned_titles(request: TrainRequest) -> list[str]:
    """The titles of all labelers that a training will make.

    Raises:
        ValueError: two would have one title, or an encoder is not there.
    """
    options = request.training
    words = [head_words(head) for head in options.text_heads]
    for encoder, pooling in asked_spaces(request):
        space = space_words(encoder, pooling, with_model=len(request.spaces) > 1)
        words += [join_title(space, head_words(head)) for head in options.space_heads]
    words += [ensemble_words(ensemble) for ensemble in options.ensembles]
    twins = sorted({each for each in words if words.count(each) > 1})
    if twins:
        raise ValueError(f"{twins} are asked for twice. Name each pooling and each head once.")
    return [join_title(request.title, each) for each in words]


def asked_spaces(request: TrainRequest) -> Iterator[tuple[EncoderSpec, PoolingSpec]]:
    """Each encoder with each pooling; the model's own where none is named."""
    for asked in request.spaces:
        for pooling in asked.poolings or (default_pooling(asked.encoder),):
            yield asked.encoder, pooling
