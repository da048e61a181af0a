"""Labelled vectors and texts that tests share: drawn from a seed, three labels, easy to tell."""

from collections.abc import Sequence

import numpy as np

from labeling import (
    ENSEMBLES,
    TEXT_HEADS,
    EnsembleSpec,
    Examples,
    HeadSpec,
    LabelSchema,
    Member,
    MemberOptions,
    SpaceSource,
    Task,
    train_ensemble,
    train_head,
    train_text_head,
)

LABELS = ("ant", "bee", "cow")
DIMENSION = 6
TASKS: tuple[Task, ...] = ("single_label", "multi_label")
SPACE = SpaceSource(space="0" * 64, name="small-mean-00000000")


def draw_examples(
    task: Task = "single_label", *, n: int = 120, seed: int = 0, labels: Sequence[str] = LABELS
) -> tuple[Examples, np.ndarray]:
    """Examples in folds 0, 1 and 2, every fifth a test row, with vectors near their label's."""
    rng = np.random.default_rng(seed)
    indicator = np.eye(len(labels), dtype=bool)[rng.integers(len(labels), size=n)]
    if task == "multi_label":
        indicator = indicator ^ (rng.random(indicator.shape) < 0.2)
    centres = 2 * np.eye(len(labels), DIMENSION)
    vectors = indicator @ centres + rng.normal(size=(n, DIMENSION))
    texts = [
        " ".join(f"{label}{rng.integers(4)}" for label, has in zip(labels, row, strict=True) if has)
        + f" so it goes {rng.integers(9)}"
        for row in indicator
    ]
    fold = np.where(np.arange(n) % 5 == 4, -1, rng.integers(3, size=n))
    schema = LabelSchema(task=task, labels=tuple(labels))
    return Examples(schema, texts, indicator, fold), vectors.astype(np.float32)


def train(name: str, examples: Examples, vectors: np.ndarray, **spec: object) -> Member:
    """The head or ensemble of that name; an ensemble of three simple members."""
    options = MemberOptions(title=name)
    if name in ENSEMBLES:
        members = simple_members(examples, vectors)
        chosen = EnsembleSpec.model_validate({"ensemble": name, **spec})
        return train_ensemble(examples, members, spec=chosen, options=options)
    head = HeadSpec.model_validate({"head": name, **spec})
    if name in TEXT_HEADS:
        return train_text_head(examples, spec=head, options=options)
    return train_head(examples, vectors, source=SPACE, spec=head, options=options)


def simple_members(examples: Examples, vectors: np.ndarray) -> dict[str, Member]:
    """Prototypes over all dimensions, over the first two, and over the last four."""
    parts = {"all": slice(None), "first": slice(2), "last": slice(2, None)}
    return {name: train("prototype", examples, vectors[:, part]) for name, part in parts.items()}


def inputs_of_test(name: str, examples: Examples, vectors: np.ndarray) -> np.ndarray:
    """What the head or ensemble of that name reads of the test rows; texts as an array, too."""
    if name in TEXT_HEADS:
        return np.array(examples.texts, object)[examples.test]
    if name in ENSEMBLES:
        members = simple_members(examples, vectors).values()
        return np.stack([member.test_probabilities for member in members], axis=1)
    rows: np.ndarray = vectors[examples.test]
    return rows
